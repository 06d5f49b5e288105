//! The options at a pcapng block's end: each a code, a length and a value, filled up to four bytes.

use super::pcapng::Order;

/// The options of a block, by code, until their end or their first that makes no sense.
pub(super) struct Options<'a> {
    pub(super) order: Order,
    pub(super) rest: &'a [u8],
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[c, o, l, e], rest) = self.rest.split_first_chunk()?;
        let (code, length) = (self.order.u16([c, o]), usize::from(self.order.u16([l, e])));
        let value = rest.get(..length)?;
        self.rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        // Code 0 ends the list.
        (code != 0).then_some((code, value))
    }
}
