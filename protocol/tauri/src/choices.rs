//! Params that may be given: how an import or an export is to be done, besides its file, is handed on as the page gives
//! it, and judged by the sidecar.

use serde_json::{Map, Value};
use tauri::ipc::{CommandArg, CommandItem, InvokeBody, InvokeError};
use tauri::Runtime;

/// Params that an import and its preview may be given besides.
const OF_IMPORTS: [&str; 6] = ["allowLoss", "salvage", "selection", "onConflict", "conflictChoices", "previewToken"];

/// Params that an export may be given besides. Not `force`, which lets it write over what is no backup.
const OF_EXPORTS: [&str; 3] = ["overwriteShrunk", "salvage", "selection"];

/// What a page gives of them; taken from all params of a command, whatever the argument is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices(Map<String, Value>);

impl Choices {
    /// Those among the params of a call of `command`; null is nothing.
    pub fn among(command: &str, params: &Map<String, Value>) -> Self {
        let options = if command == "export_data_to_file" { &OF_EXPORTS[..] } else { &OF_IMPORTS[..] };
        let given = |name: &&str| params.get(*name).filter(|value| !value.is_null());
        Self(options.iter().filter_map(|name| Some(((*name).to_owned(), given(name)?.clone()))).collect())
    }

    /// Puts them to the params of a request, which are an object.
    pub fn put_into(self, params: &mut Value) {
        if let Value::Object(params) = params {
            params.extend(self.0);
        }
    }
}

impl<'de, R: Runtime> CommandArg<'de, R> for Choices {
    fn from_command(command: CommandItem<'de, R>) -> Result<Self, InvokeError> {
        Ok(match command.message.payload() {
            InvokeBody::Json(Value::Object(params)) => Self::among(command.name, params),
            _ => Self::default(),
        })
    }
}

/// The params, and those of the others that are given.
pub(crate) fn with<const N: usize>(mut params: Value, others: [(&str, Value); N]) -> Value {
    for (name, value) in others.into_iter().filter(|(_, value)| !value.is_null()) {
        params[name] = value;
    }
    params
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_chosen_is_handed_on_as_it_is_and_nothing_else() {
        let given = json!({
            "filePath": "/b", "overwrite": true, "allowLoss": null, "salvage": "perhaps",
            "selection": {"ids": ["a", "b"]}, "onConflict": {"tasks": "theirs"}, "settings": {"kirapilot-preferences": "{}"},
        });
        let mut params = json!({"filePath": "/b", "overwrite": false});
        Choices::among("preview_import", given.as_object().unwrap()).put_into(&mut params);
        let expected = json!({
            "filePath": "/b", "overwrite": false, "salvage": "perhaps",
            "selection": {"ids": ["a", "b"]}, "onConflict": {"tasks": "theirs"},
        });
        assert_eq!(params, expected);
    }

    #[test]
    fn an_export_takes_a_part_and_never_the_leave_to_write_over_anything() {
        let given =
            json!({"overwriteShrunk": true, "force": true, "selection": {"lists": ["Work"]}, "allowLoss": true});
        let mut params = json!({"filePath": "/b"});
        Choices::among("export_data_to_file", given.as_object().unwrap()).put_into(&mut params);
        assert_eq!(params, json!({"filePath": "/b", "overwriteShrunk": true, "selection": {"lists": ["Work"]}}));
    }
}
