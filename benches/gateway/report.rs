//! Runs the chosen parts, prints their tables, and puts them into a document between its markers.

use crate::Outcome;
use crate::arguments::{Part, Settings};
use crate::case::NamedValue as _;
use crate::document::{list, provenance};
use crate::{components, edges, idle, paced, scaling, under_load};

/// Measures what the settings ask for.
///
/// # Errors
/// A subject is missing, the document has no markers, or some row failed: a report with a hole is no success.
pub async fn run(settings: &Settings) -> Outcome<()> {
    let provenance = provenance_of(settings)?;
    println!("{provenance}");
    let mut failures = 0;
    for part in &settings.parts {
        let table = match part {
            Part::Load => under_load::table(settings).await?,
            Part::Paced => paced::table(settings).await?,
            Part::Idle => idle::table(settings).await?,
            Part::Scaling => scaling::table(settings).await?,
            Part::Components => components::table(settings).await?,
            Part::Hostmetrics | Part::Filelog | Part::Scrape | Part::RemoteWrite => {
                edges::table(settings, *part).await?
            }
        };
        failures += table.tell(&provenance, settings.write.as_deref())?;
    }
    if failures > 0 {
        return Err(format!("{failures} rows failed").into());
    }
    Ok(())
}

/// What a reader needs to judge the numbers and to make them again.
fn provenance_of(settings: &Settings) -> Outcome<String> {
    let mut lines = provenance("gateway")?;
    for subject in settings.subjects() {
        lines.push(format!("{}: {}.", subject.name(), subject.version(settings.weir.as_deref())?));
    }
    Ok(list(&lines))
}
