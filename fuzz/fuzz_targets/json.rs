//! Any bytes as OTLP/JSON: nothing panics, and what is read is valid and survives being written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weir::otlp::json::{
    decode_json, decode_response_json, decode_status_json, encode_json, encode_status_json,
};
use weir::otlp::{Signal, validate};

fuzz_target!(|document: &[u8]| {
    for signal in Signal::ALL {
        let _ = decode_response_json(signal, document);
        let Ok(batch) = decode_json(signal, document) else { continue };
        assert_eq!(validate(signal, &batch.parts().concat()), Ok(batch.items()));
        let written = encode_json(&batch);
        let read = decode_json(signal, &written).expect("what is written can be read");
        assert_eq!(read.items(), batch.items());
        assert_eq!(encode_json(&read), written);
    }
    if let Ok(status) = decode_status_json(document) {
        let written = encode_status_json(&status);
        let read = decode_status_json(&written).expect("what is written can be read");
        assert_eq!(encode_status_json(&read), written);
    }
});
