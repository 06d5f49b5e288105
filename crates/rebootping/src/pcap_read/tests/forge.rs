//! Capture files made by hand, in either byte order.

/// A file under construction.
#[derive(Clone)]
pub(crate) struct Forge {
    is_big: bool,
    pub(crate) bytes: Vec<u8>,
}

/// Ethernet, as pcap numbers it.
pub(crate) const ETHERNET: u16 = 1;

impl Forge {
    /// An empty file.
    pub(crate) const fn new(is_big: bool) -> Self {
        Self { is_big, bytes: Vec::new() }
    }

    /// A classic file's header.
    pub(crate) fn pcap(self, magic: u32) -> Self {
        self.u32(magic).u16(2).u16(4).u32(0).u32(0).u32(65_535).u32(u32::from(ETHERNET))
    }

    /// A classic file's packet.
    pub(crate) fn packet(self, seconds: u32, fraction: u32, original: u32, frame: &[u8]) -> Self {
        self.u32(seconds).u32(fraction).u32(frame.len() as u32).u32(original).raw(frame)
    }

    /// A section's header.
    pub(crate) fn section(self) -> Self {
        self.block(0x0a0d_0d0a, |body| body.u32(0x1a2b_3c4d).u16(1).u16(0).u32(u32::MAX).u32(u32::MAX))
    }

    /// An interface of Ethernet with these options, each as code and value.
    pub(crate) fn interface(self, snap: u32, options: &[(u16, &[u8])]) -> Self {
        self.block(1, |body| body.u16(ETHERNET).u16(0).u32(snap).options(options))
    }

    /// An enhanced packet block.
    pub(crate) fn enhanced(self, interface: u32, ticks: u64, frame: &[u8], options: &[(u16, &[u8])]) -> Self {
        let (high, low, length) = ((ticks >> 32) as u32, ticks as u32, frame.len() as u32);
        self.block(6, |body| {
            body.u32(interface).u32(high).u32(low).u32(length).u32(length).raw(frame).fill().options(options)
        })
    }

    /// The obsolete packet block.
    pub(crate) fn obsolete(self, interface: u16, ticks: u64, frame: &[u8]) -> Self {
        let (high, low, length) = ((ticks >> 32) as u32, ticks as u32, frame.len() as u32);
        self.block(2, |body| body.u16(interface).u16(9).u32(high).u32(low).u32(length).u32(length).raw(frame).fill())
    }

    /// A simple packet block.
    pub(crate) fn simple(self, original: u32, frame: &[u8]) -> Self {
        self.block(3, |body| body.u32(original).raw(frame).fill())
    }

    /// Any block.
    pub(crate) fn block(self, kind: u32, body: impl FnOnce(Self) -> Self) -> Self {
        let body = body(Self::new(self.is_big)).bytes;
        let length = body.len() as u32 + 12;
        self.u32(kind).u32(length).raw(&body).u32(length)
    }

    pub(crate) fn options(self, options: &[(u16, &[u8])]) -> Self {
        let end: &[(u16, &[u8])] = if options.is_empty() { &[] } else { &[(0, &[])] };
        options
            .iter()
            .chain(end)
            .fold(self, |forge, (code, value)| forge.u16(*code).u16(value.len() as u16).raw(value).fill())
    }

    pub(crate) fn u16(self, value: u16) -> Self {
        let bytes = if self.is_big { value.to_be_bytes() } else { value.to_le_bytes() };
        self.raw(&bytes)
    }

    pub(crate) fn u32(self, value: u32) -> Self {
        let bytes = self.word(value);
        self.raw(&bytes)
    }

    /// A number as an option's value.
    pub(crate) fn word(&self, value: u32) -> [u8; 4] {
        if self.is_big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    fn fill(mut self) -> Self {
        let filled = self.bytes.len().next_multiple_of(4);
        self.bytes.resize(filled, 0);
        self
    }
}
