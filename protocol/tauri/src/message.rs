//! JSON-RPC 2.0 as the sidecar speaks it: one message a line. Knows nothing of processes.

use std::io::{self, BufRead};

use serde_json::{json, Value};

/// Longest line that is read, in bytes; the sidecar's own limit is the same.
pub const MAX_LINE: u64 = 16 << 20;

/// What the sidecar says.
#[derive(Debug, PartialEq)]
pub enum Message {
    /// The answer to the request `id`: its result, or its error object.
    Answer {
        /// As it was given to the request.
        id: u64,
        /// `result`, or `error`.
        outcome: Result<Value, Value>,
    },
    /// A report about the request that carried `token`.
    Progress {
        /// As it was given to the request.
        token: u64,
        /// phase, done, total, unit, percentage, message.
        report: Value,
    },
}

/// One line that asks for `method`, its newline included.
pub fn request(id: u64, method: &str, params: &Value) -> Vec<u8> {
    line(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
}

/// One line that tells of `method` and expects no answer.
pub fn notification(method: &str, params: &Value) -> Vec<u8> {
    line(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
}

fn line(message: &Value) -> Vec<u8> {
    let mut bytes = message.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}

/// The meaning of one line; `None` for what is not ours to understand.
pub fn read(line: &[u8]) -> Option<Message> {
    let mut message: Value = serde_json::from_slice(line).ok()?;
    if message["method"] == "$/progress" {
        let token = message["params"]["token"].as_u64()?;
        let report = message["params"]["value"].take();
        return Some(Message::Progress { token, report });
    }
    let id = message.get("id")?.as_u64()?;
    let outcome = match (message.get("result").is_some(), message.get("error").is_some()) {
        (true, false) => Ok(message["result"].take()),
        (false, true) => Err(message["error"].take()),
        _ => return None,
    };
    Some(Message::Answer { id, outcome })
}

/// The next line without its newline; `None` at the end. A line beyond [`MAX_LINE`] is skipped and answered empty.
pub fn next_line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = io::Read::take(&mut *input, MAX_LINE).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if read as u64 == MAX_LINE {
        skip_line(input)?;
        line.clear();
    }
    Ok(Some(line))
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(buffer.len(), |index| index + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_line_whatever_it_holds() {
        let line = request(7, "export_data_to_file", &json!({"filePath": "a\nb\u{2028}c"}));
        assert_eq!(line.iter().filter(|&&byte| byte == b'\n').count(), 1);
        assert_eq!(line.last(), Some(&b'\n'));
        let back: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(back["params"]["filePath"], "a\nb\u{2028}c");
    }

    #[test]
    fn answers_errors_and_progress_are_told_apart() {
        let answer = read(br#"{"jsonrpc":"2.0","id":3,"result":null}"#);
        assert_eq!(answer, Some(Message::Answer { id: 3, outcome: Ok(Value::Null) }));
        let error = read(br#"{"jsonrpc":"2.0","id":3,"error":{"code":10,"message":"No."}}"#);
        let object = json!({"code": 10, "message": "No."});
        assert_eq!(error, Some(Message::Answer { id: 3, outcome: Err(object) }));
        let progress =
            read(br#"{"jsonrpc":"2.0","method":"$/progress","params":{"token":3,"value":{"percentage":5}}}"#);
        assert_eq!(progress, Some(Message::Progress { token: 3, report: json!({"percentage": 5}) }));
    }

    #[test]
    fn what_is_no_message_for_us_is_not_taken_for_one() {
        for line in
            ["", "Traceback", "[]", "{}", r#"{"id":null,"error":{}}"#, r#"{"id":1}"#, r#"{"id":1,"method":"ping"}"#]
        {
            assert_eq!(read(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn lines_come_whole_and_an_endless_one_is_skipped() {
        let mut bytes = b"first\n".to_vec();
        bytes.extend(vec![b'x'; MAX_LINE as usize + 10]);
        bytes.extend(b"\n\nlast");
        let mut input = io::BufReader::new(bytes.as_slice());
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut input).unwrap() {
            lines.push(String::from_utf8(line).unwrap());
        }
        assert_eq!(lines, ["first", "", "", "last"]);
    }
}
