//! What operators call links: by interface, Shorewall provider or label.

use rebootping_core::link::{Family, LinkId};

/// A link's names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Named {
    /// The interface.
    pub(crate) interface: String,
    /// The operator's name for it.
    pub(crate) label: Option<String>,
    /// The Shorewall provider that uses it.
    pub(crate) provider: Option<String>,
}

/// The names of all links, in configured order.
#[derive(Clone, Default, Debug)]
pub(crate) struct Names(Vec<Named>);

impl Names {
    /// Takes the names of links in configured order.
    pub(crate) fn new(links: impl IntoIterator<Item = Named>) -> Self {
        Self(links.into_iter().collect())
    }

    /// The link an operator means: an interface before a provider before a label.
    pub(crate) fn find(&self, name: &str) -> Option<LinkId> {
        let is = |other: Option<&str>| other == Some(name);
        let by = |matches: &dyn Fn(&Named) -> bool| self.0.iter().position(matches);
        let place = by(&|link| is(Some(&link.interface)))
            .or_else(|| by(&|link| is(link.provider.as_deref())))
            .or_else(|| by(&|link| is(link.label.as_deref())))?;
        u16::try_from(place).ok().map(LinkId)
    }

    /// A link's names.
    pub(crate) fn get(&self, link: LinkId) -> Option<&Named> {
        self.0.get(usize::from(link.0))
    }

    /// What to call a link in a sentence.
    pub(crate) fn called(&self, link: LinkId) -> &str {
        self.get(link).map_or("a link that is gone", |link| link.label.as_deref().unwrap_or(&link.interface))
    }

    /// All links, as they are called in sentences.
    pub(crate) fn all(&self) -> Vec<&str> {
        self.0.iter().map(|link| link.label.as_deref().unwrap_or(&link.interface)).collect()
    }
}

/// A text that says which family it is about.
pub(crate) fn prefixed(family: Option<Family>, text: &str) -> String {
    family.map_or_else(|| text.to_owned(), |family| format!("{}: {text}", in_words(family)))
}

/// A family as people write it.
pub(crate) const fn in_words(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "IPv4",
        Family::Ipv6 => "IPv6",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_is_meant_before_a_provider_before_a_label() {
        let named = |interface: &str, label: &str, provider: &str| Named {
            interface: interface.into(),
            label: Some(label.into()),
            provider: Some(provider.into()),
        };
        let names = Names::new([named("wan1", "wan2", "isp1"), named("wan2", "isp1", "isp2")]);
        let found = ["wan2", "isp1", "isp2", "wan3"].map(|name| names.find(name).map(|link| link.0));
        assert_eq!(found, [Some(1), Some(0), Some(1), None]);
    }
}
