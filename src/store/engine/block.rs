//! What blocks of every signal are made of: columns of numbers and strings, compressed, and filters over their values.

pub mod bloom;
pub mod byte_hash;
pub mod column;
pub mod compression;
pub mod interner;
pub mod rows;
