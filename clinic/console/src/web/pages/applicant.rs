//! Name and date of birth as two pages ask for them.

use jiff::civil::Date;

use crate::service::Applicant;
use crate::web::MAX_NAME;
use crate::web::form::Form;
use crate::words::legible;

/// The two fields as they were typed, and what is wrong with them.
#[derive(Default)]
pub(super) struct ApplicantFields {
    pub(super) name: String,
    pub(super) birth_date: String,
    pub(super) name_wrong: Option<&'static str>,
    pub(super) birth_wrong: Option<&'static str>,
}

impl From<&Applicant> for ApplicantFields {
    fn from(applicant: &Applicant) -> Self {
        Self {
            name: applicant.name.clone(),
            birth_date: applicant.birth_date.to_string(),
            ..Self::default()
        }
    }
}

impl ApplicantFields {
    /// The person, or the fields with what is wrong.
    pub(super) fn read(form: &Form, today: Date) -> Result<Applicant, Self> {
        let mut fields = Self {
            name: form.text("name").into(),
            birth_date: form.text("birth_date").into(),
            ..Self::default()
        };
        fields.name_wrong = match fields.name.chars().count() {
            0 => Some("Please fill in the name."),
            1..=MAX_NAME if !legible(&fields.name) => Some("Please give a name that can be read."),
            1..=MAX_NAME => None,
            _ => Some("Please use a shorter form of the name, of at most 200 characters."),
        };
        let birth_date = fields.birth_date.parse::<Date>().ok();
        fields.birth_wrong = match birth_date {
            None => Some("Please give a date that exists, as year, month and day: 1984-05-23."),
            Some(date) if date > today => Some("This date has not come yet."),
            Some(date) if date.year() < 1900 => Some("Please check the year."),
            Some(_) => None,
        };
        match (birth_date, fields.name_wrong, fields.birth_wrong) {
            (Some(birth_date), None, None) => Ok(Applicant {
                name: fields.name,
                birth_date,
            }),
            _ => Err(fields),
        }
    }
}
