//! Prints the surface of the built library as text, one line for each thing that can be called or
//! named from outside: `surface LIBRARY`. Kept as `surface.txt`, so that a change of it shows.

use std::error::Error;

use uniffi_bindgen::macro_metadata::extract_from_bytes;
use uniffi_meta::{
    DefaultValueMetadata, FieldMetadata, FnParamMetadata, LiteralMetadata, Metadata, ObjectImpl,
    Type,
};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: surface LIBRARY")?;
    let mut lines: Vec<String> = extract_from_bytes(&std::fs::read(path)?)?
        .iter()
        .flat_map(lines)
        .collect();
    lines.sort();
    lines.dedup();
    for line in lines {
        println!("{line}");
    }
    Ok(())
}

fn lines(item: &Metadata) -> Vec<String> {
    match item {
        Metadata::Func(f) => vec![call(
            &f.name,
            f.is_async,
            &f.inputs,
            f.return_type.as_ref(),
            f.throws.as_ref(),
        )],
        Metadata::Constructor(c) => {
            let made = format!("{}.{}", c.self_name, c.name);
            let line = call(&made, c.is_async, &c.inputs, None, c.throws.as_ref());
            vec![format!("constructor {line}")]
        }
        Metadata::Method(m) => vec![call(
            &format!("{}.{}", m.self_name, m.name),
            m.is_async,
            &m.inputs,
            m.return_type.as_ref(),
            m.throws.as_ref(),
        )],
        Metadata::TraitMethod(m) => vec![call(
            &format!("{}.{}", m.trait_name, m.name),
            m.is_async,
            &m.inputs,
            m.return_type.as_ref(),
            m.throws.as_ref(),
        )],
        Metadata::Object(o) => vec![match o.imp {
            ObjectImpl::Struct => format!("object {}", o.name),
            ObjectImpl::Trait(kind) => format!("trait {} ({kind:?})", o.name),
        }],
        Metadata::Record(r) => {
            let fields = fields(&r.fields);
            vec![format!("record {} {{ {fields} }}", r.name)]
        }
        Metadata::Enum(e) => {
            let sort = if e.shape.is_error() { "error" } else { "enum" };
            let variant = |v: &uniffi_meta::VariantMetadata| match v.fields.is_empty() {
                true => v.name.clone(),
                false => format!("{} {{ {} }}", v.name, fields(&v.fields)),
            };
            let variants: Vec<_> = e.variants.iter().map(variant).collect();
            vec![format!("{sort} {}: {}", e.name, variants.join(" | "))]
        }
        Metadata::CustomType(c) => vec![format!("type {} = {}", c.name, named(&c.builtin))],
        Metadata::UniffiTrait(t) => vec![format!("{} prints as Rust says", t.self_name())],
        Metadata::CallbackInterface(c) => vec![format!("callback {}", c.name)],
        Metadata::Namespace(n) => vec![format!("namespace {}", n.name)],
        Metadata::UdlFile(_) | Metadata::ObjectTraitImpl(_) => vec![],
    }
}

fn call(
    name: &str,
    is_async: bool,
    inputs: &[FnParamMetadata],
    returns: Option<&Type>,
    throws: Option<&Type>,
) -> String {
    let inputs: Vec<_> = inputs
        .iter()
        .map(|i| value(&i.name, &i.ty, i.default.as_ref()))
        .collect();
    let mut line = format!("{name}({})", inputs.join(", "));
    if is_async {
        line.insert_str(0, "async ");
    }
    if let Some(returns) = returns {
        line.push_str(" -> ");
        line.push_str(&named(returns));
    }
    if let Some(throws) = throws {
        line.push_str(" throws ");
        line.push_str(&named(throws));
    }
    line
}

fn fields(fields: &[FieldMetadata]) -> String {
    let all: Vec<_> = fields
        .iter()
        .map(|f| value(&f.name, &f.ty, f.default.as_ref()))
        .collect();
    all.join(", ")
}

fn value(name: &str, of: &Type, default: Option<&DefaultValueMetadata>) -> String {
    let default = match default {
        None => String::new(),
        Some(DefaultValueMetadata::Literal(LiteralMetadata::None)) => " = none".to_owned(),
        Some(DefaultValueMetadata::Literal(LiteralMetadata::EmptySequence)) => " = []".to_owned(),
        Some(other) => format!(" = {other:?}"),
    };
    format!("{name}: {}{default}", named(of))
}

fn named(of: &Type) -> String {
    if let Type::Optional { inner_type } = of {
        format!("{}?", named(inner_type))
    } else if let Type::Sequence { inner_type } = of {
        format!("[{}]", named(inner_type))
    } else if let Some(name) = of.name() {
        name.to_owned()
    } else {
        format!("{of:?}").to_lowercase()
    }
}
