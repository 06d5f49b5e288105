//! An IPv6 prefix, as `2001:db8:100::/56` says it.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::net::Ipv6Addr;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A network of IPv6 addresses; what is behind its length is zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Prefix {
    network: Ipv6Addr,
    length: u8,
}

/// A text is no prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoPrefix;

impl Prefix {
    /// The network of that length that has the address; none above 128 bits.
    pub fn of(address: Ipv6Addr, length: u8) -> Option<Self> {
        let network = Ipv6Addr::from_bits(address.to_bits() & mask(length));
        (length <= 128).then_some(Self { network, length })
    }

    /// The address is in it.
    pub fn has(self, address: Ipv6Addr) -> bool {
        address.to_bits() & mask(self.length) == self.network.to_bits()
    }

    /// The whole of the other is in it.
    pub fn holds(self, other: Self) -> bool {
        self.length <= other.length && self.has(other.network)
    }

    /// Its first address.
    pub const fn network(self) -> Ipv6Addr {
        self.network
    }

    /// Its length in bits.
    pub const fn length(self) -> u8 {
        self.length
    }

    /// Hosts on the Internet can reach it: global unicast (RFC 4291 section 2.5.4), as providers delegate.
    pub const fn is_global(self) -> bool {
        self.network.octets()[0] & 0xe0 == 0x20
    }
}

fn mask(length: u8) -> u128 {
    u128::MAX.checked_shl(128_u32.saturating_sub(u32::from(length))).unwrap_or(0)
}

impl FromStr for Prefix {
    type Err = NoPrefix;

    fn from_str(text: &str) -> Result<Self, NoPrefix> {
        let (address, length) = text.split_once('/').ok_or(NoPrefix)?;
        let (address, length) = (address.parse().map_err(|_| NoPrefix)?, length.parse().map_err(|_| NoPrefix)?);
        Self::of(address, length).ok_or(NoPrefix)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.length)
    }
}

impl Serialize for Prefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|NoPrefix| de::Error::custom(format!("{text:?} is no IPv6 prefix")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn prefix(text: &str) -> Prefix {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_behind_the_length_does_not_count() {
        assert_eq!(prefix("2001:db8:100:77::1/56").to_string(), "2001:db8:100::/56");
        assert_eq!(prefix("::/0").to_string(), "::/0");
        assert_eq!(prefix("2001:db8::1/128").to_string(), "2001:db8::1/128");
        for text in ["", "2001:db8::", "2001:db8::/129", "2001:db8::/x", "10.0.0.0/8", "2001:db8::/-1"] {
            assert_eq!(text.parse::<Prefix>(), Err(NoPrefix), "{text}");
        }
    }

    #[test]
    fn an_address_and_a_longer_prefix_are_within() {
        let delegated = prefix("2001:db8:100::/56");
        assert!(delegated.has("2001:db8:100:ff::5".parse().unwrap()));
        assert!(!delegated.has("2001:db8:100:100::5".parse().unwrap()));
        assert!(delegated.holds(prefix("2001:db8:100:5::/64")) && delegated.holds(delegated));
        assert!(!delegated.holds(prefix("2001:db8:100::/48")));
        assert!(prefix("::/0").holds(delegated));
        assert!(delegated.is_global() && !prefix("fd61::/64").is_global() && !prefix("::/0").is_global());
    }
}
