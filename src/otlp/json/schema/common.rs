//! The messages every signal uses, of `common.proto` and `resource.proto`.

use super::{Kind, Message, always, list, one, one_of, values};

pub(super) static RESOURCE: Message = Message {
    fields: &[
        list(1, "attributes", &KEY_VALUE),
        one(2, "droppedAttributesCount", Kind::Uint32),
        list(3, "entityRefs", &ENTITY_REF),
    ],
};

static ENTITY_REF: Message = Message {
    fields: &[
        one(1, "schemaUrl", Kind::String),
        one(2, "type", Kind::String),
        values(3, "idKeys", Kind::String),
        values(4, "descriptionKeys", Kind::String),
    ],
};

pub(super) static SCOPE: Message = Message {
    fields: &[
        one(1, "name", Kind::String),
        one(2, "version", Kind::String),
        list(3, "attributes", &KEY_VALUE),
        one(4, "droppedAttributesCount", Kind::Uint32),
    ],
};

pub(super) static KEY_VALUE: Message = Message {
    fields: &[
        one(1, "key", Kind::String),
        always(2, "value", &ANY_VALUE),
        one(3, "keyStrindex", Kind::Int32),
    ],
};

pub(super) static ANY_VALUE: Message = Message {
    fields: &[
        one_of(1, "stringValue", Kind::String),
        one_of(2, "boolValue", Kind::Bool),
        one_of(3, "intValue", Kind::Int64),
        one_of(4, "doubleValue", Kind::Double),
        one_of(5, "arrayValue", Kind::Message(&ARRAY_VALUE)),
        one_of(6, "kvlistValue", Kind::Message(&KEY_VALUE_LIST)),
        one_of(7, "bytesValue", Kind::Bytes),
        one_of(8, "stringValueStrindex", Kind::Int32),
    ],
};

static ARRAY_VALUE: Message = Message { fields: &[list(1, "values", &ANY_VALUE)] };

static KEY_VALUE_LIST: Message = Message { fields: &[list(1, "values", &KEY_VALUE)] };
