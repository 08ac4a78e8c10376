//! What a person is told after their journal's file was damaged.

use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::problem::Problem;
use companion_core::vault::Mended;
use serde_json::{Value, json};

/// Says it once, beside what the command prints.
pub fn tell(env: &Env, companion: &Companion) -> Result<(), Problem> {
    if let Some(mended) = companion.mended()?.filter(|mended| !mended.told) {
        let clinic = companion.sync().server()?.is_some();
        eprintln!("{}\n", lines(env, &mended, clinic).join("\n"));
        companion.mended_told()?;
    }
    Ok(())
}

/// In words.
pub fn lines(env: &Env, mended: &Mended, clinic: bool) -> Vec<String> {
    let mut lines = vec![format!(
        "On {} this journal's file was found damaged. A failing disk or a power cut can do that;\n\
         it is nothing that you did. A fresh journal was begun, and nothing was deleted.",
        crate::text::day(env, mended.at_ms)
    )];
    let back = match mended.salvaged {
        0 => "Nothing in the old file could be read.".to_owned(),
        1 => "1 entry or change in it could be read, and is back.".to_owned(),
        many => format!("{many} entries and changes in it could be read, and are back."),
    };
    lines.push(back);
    let rest = if !mended.identity {
        "This device's keys could not be read: to the clinic it is a new device now. What they\n\
         received before is still with them. To share with them again, ask for a new invite."
    } else if mended.filled_ms.is_some() {
        "A sync has brought back what the clinic's server has."
    } else if clinic {
        "`companion sync` brings back what the clinic's server has."
    } else if mended.unreadable {
        "Some of the file could not be read. No clinic has a copy: if an entry is missing, the\n\
         old file is the only place that may still hold it."
    } else {
        "All of it could be read: nothing is missing."
    };
    lines.push(rest.to_owned());
    lines.push(format!(
        "The old file is kept, as unreadable to others as before: {}",
        mended.aside.display()
    ));
    lines
}

/// As JSON; null where there was no damage.
pub fn as_json(mended: Option<&Mended>) -> Value {
    let Some(mended) = mended else {
        return Value::Null;
    };
    json!({
        "aside": mended.aside.to_string_lossy(),
        "at_ms": mended.at_ms,
        "salvaged": mended.salvaged,
        "identity": mended.identity,
        "unreadable": mended.unreadable,
        "filled_ms": mended.filled_ms,
    })
}
