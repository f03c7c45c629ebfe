//! What a scheme is asked to fill: one parameter of a network, under a seed.

use fanin_kernels::random::Stream;

use super::Parameter;

/// A parameter and the seed under which it is filled.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The seed of the whole network.
    pub seed: u64,
    /// The parameter, or one part of a packed one.
    pub parameter: &'a Parameter,
    /// Which part of a packed parameter it is.
    pub part: Option<usize>,
}

impl Request<'_> {
    /// The random numbers that belong to this seed, name and part.
    pub fn stream(&self) -> Stream {
        self.stream_of(&self.parameter.name)
    }

    /// Random numbers under another name, for what several parameters must have in common.
    ///
    /// They are those of [`Self::stream`] for the parameter of that name; a name that no parameter
    /// has, such as that of a module, keeps them apart.
    pub fn stream_of(&self, name: &str) -> Stream {
        let stream = Stream::new(self.seed, name);
        self.part.map_or(stream, |part| stream.numbered(part as u64))
    }
}
