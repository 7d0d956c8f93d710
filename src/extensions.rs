//! Components beside the pipelines.
