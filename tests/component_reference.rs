//! Holds `docs/components.md` equal to what the code says of its components.

#[test]
fn the_reference_in_docs_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/components.md");
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == weir::cli::component_reference(),
        "docs/components.md is not what the components say; write it anew with \
         `cargo run -- reference > docs/components.md`"
    );
}
