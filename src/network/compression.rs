//! The compressions of request bodies, by the names the Collector has for them.

mod compress;
mod decompress;
mod off_worker;
#[cfg(test)]
mod tests;

use crate::config::{Checking, ConfigValue, Decoding, Node, NodeValue, Secrets, TypeDocs};
use crate::config_section;

pub use compress::compress;
pub use decompress::{DecompressError, decompress};
pub use off_worker::{compress_off_worker, decompress_off_worker};

/// Bodies longer than this are compressed and decompressed off the asynchronous workers, by the callers.
pub const LONG_BODY_BYTES: usize = 64 * 1024;

/// A way to compress a body; the value of an exporter's field `compression`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// The body as it is.
    #[default]
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 1950.
    Zlib,
    /// What HTTP calls `deflate`: RFC 1950 too.
    Deflate,
    /// One snappy block; the framed form is understood as well.
    Snappy,
    /// Snappy blocks in their framing format; what gRPC calls `snappy`.
    SnappyFramed,
    /// RFC 8878.
    Zstd,
    /// LZ4 in its frame format.
    Lz4,
}

config_section! {
    /// How hard to compress.
    pub struct CompressionParams {
        /// gzip, zlib, deflate: -2 to 9; zstd: any of its levels; 0 and -1 for Weir's default, the fastest
        /// level. The other compressions have no levels.
        pub level: i32 = 0,
    }
}

impl Compression {
    /// Every compression but none, in the Collector's order.
    pub const ALL: [Self; 7] =
        [Self::Gzip, Self::Zstd, Self::Zlib, Self::Snappy, Self::Deflate, Self::Lz4, Self::SnappyFramed];

    /// The name in configurations and in `Content-Encoding`; `none` for the body as it is.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::Deflate => "deflate",
            Self::Snappy => "snappy",
            Self::SnappyFramed => "x-snappy-framed",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
        }
    }

    /// The compression of a `Content-Encoding`; an empty one is none.
    pub fn from_content_encoding(name: &str) -> Option<Self> {
        if name.is_empty() {
            return Some(Self::None);
        }
        Self::ALL.into_iter().find(|compression| compression.name() == name)
    }

    /// Notes a level that this compression does not have, in the Collector's words.
    pub fn check_level(self, params: &CompressionParams, checking: &mut Checking) {
        let valid = match self {
            Self::Gzip | Self::Zlib | Self::Deflate => (-2..=9).contains(&params.level),
            Self::Zstd => true,
            _ => params.level == 0,
        };
        if !valid {
            let name = if self == Self::None { "" } else { self.name() };
            let level = params.level;
            let message = format!("unsupported parameters {{Level:{level}}} for compression type {name:?}");
            checking.within("compression_params", |checking| checking.error_at("level", message));
        }
    }
}

impl ConfigValue for Compression {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        let valid = || Some(format!("one of {}", Self::names().join(", ")));
        match &node.value {
            NodeValue::Null => {}
            NodeValue::String(name) if name == "none" => *self = Self::None,
            NodeValue::String(name) => match Self::from_content_encoding(name) {
                Some(compression) => *self = compression,
                None => {
                    let message =
                        format!("'{}' unsupported compression type {name:?}", decoding.dotted_path());
                    decoding.error(&node.location, message, valid());
                }
            },
            _ => decoding.wrong_type(node, "string", valid()),
        }
    }

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        self.name().into()
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::OneOf(Self::names())
    }
}

impl Compression {
    fn names() -> Vec<&'static str> {
        Self::ALL.into_iter().chain([Self::None]).map(Self::name).collect()
    }
}
