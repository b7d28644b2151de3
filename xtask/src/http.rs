//! A small static file server for tests and measurements: folders mounted under prefixes, and a place to post to.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, mpsc::Sender},
    thread,
};

use crate::sh::Result;

/// What to serve.
pub struct Site {
    /// URL prefixes, each starting and ending with a slash, and the folders they show; the first that fits is taken.
    pub mounts: Vec<(&'static str, PathBuf)>,
    /// Send the headers that isolate a page from other origins; timers are finer then.
    pub isolated: bool,
    /// Where posted bodies go, with the path they were posted to.
    pub posts: Option<Sender<(String, String)>>,
}

/// Bodies larger than this are refused.
const LIMIT: usize = 16 << 20;

impl Site {
    /// Serves from another thread until the process ends; returns the origin, `http://127.0.0.1:PORT`.
    pub fn start(self) -> Result<String> {
        let listener =
            TcpListener::bind("127.0.0.1:0").map_err(|error| format!("cannot listen on localhost: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let site = Arc::new(self);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let site = Arc::clone(&site);
                // A visitor that hangs up early is no concern of ours.
                thread::spawn(move || site.answer(stream).ok());
            }
        });
        Ok(format!("http://{address}"))
    }

    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(&stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let length = body_length(&mut reader)?;
        match method {
            "GET" | "HEAD" => match self.find(path).and_then(|file| Some((fs::read(&file).ok()?, file))) {
                Some((body, file)) => self.reply(&stream, "200 OK", content_type(&file), &body, method == "GET"),
                None => self.reply(&stream, "404 Not Found", "text/plain", b"not found", true),
            },
            "POST" if length <= LIMIT && self.posts.is_some() => {
                let mut body = vec![0; length];
                reader.read_exact(&mut body)?;
                let body = String::from_utf8_lossy(&body).into_owned();
                self.posts.iter().for_each(|posts| drop(posts.send((path.to_owned(), body.clone()))));
                self.reply(&stream, "204 No Content", "text/plain", b"", true)
            }
            _ => self.reply(&stream, "405 Method Not Allowed", "text/plain", b"not allowed", true),
        }
    }

    /// The file behind a path; never one outside the mounted folders.
    fn find(&self, path: &str) -> Option<PathBuf> {
        let (rest, folder) =
            self.mounts.iter().find_map(|(prefix, folder)| Some((path.strip_prefix(prefix)?, folder)))?;
        if rest.split('/').any(|part| part == "..") || rest.starts_with('/') {
            return None;
        }
        let file = folder.join(rest);
        Some(if file.is_dir() { file.join("index.html") } else { file })
    }

    fn reply(&self, mut to: &TcpStream, status: &str, kind: &str, body: &[u8], with_body: bool) -> std::io::Result<()> {
        let isolation = if self.isolated {
            "Cross-Origin-Opener-Policy: same-origin\r\nCross-Origin-Embedder-Policy: require-corp\r\n"
        } else {
            ""
        };
        write!(
            to,
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\nConnection: close\r\n{isolation}\r\n",
            body.len()
        )?;
        if with_body { to.write_all(body) } else { Ok(()) }
    }
}

/// Reads the headers to their end; the length of the body that follows.
fn body_length(reader: &mut impl BufRead) -> std::io::Result<usize> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().unwrap_or(usize::MAX);
            }
            Some(_) => {}
            None => return Ok(length),
        }
    }
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|e| e.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "wasm" => "application/wasm",
        "gz" => "application/gzip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn ask(origin: &str, request: &str) -> String {
        let mut stream = TcpStream::connect(origin.trim_start_matches("http://")).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    #[test]
    fn serves_its_folder_and_nothing_else() {
        let src = crate::sh::root().join("xtask/src");
        let site = Site { mounts: vec![("/a/b/", src)], isolated: false, posts: None };
        let origin = site.start().unwrap();
        let page = ask(&origin, "GET /a/b/tally.rs?x=1 HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains("//! Counting"), "{page}");
        assert!(!page.contains("Cross-Origin"), "no isolation unless asked for");
        for path in ["/tally.rs", "/a/b/none.rs", "/a/b/../Cargo.toml", "/a/b//etc/passwd"] {
            assert!(ask(&origin, &format!("GET {path} HTTP/1.1\r\n\r\n")).contains("404"), "{path}");
        }
        assert!(ask(&origin, "POST /a/b/ HTTP/1.1\r\n\r\n").contains("405"));
    }

    #[test]
    fn hands_on_what_is_posted() {
        let (posts, inbox) = mpsc::channel();
        let origin = Site { mounts: vec![], isolated: true, posts: Some(posts) }.start().unwrap();
        let reply = ask(&origin, "POST /done HTTP/1.1\r\ncontent-length: 5\r\n\r\nhello");
        assert!(reply.contains("204") && reply.contains("Cross-Origin-Opener-Policy"), "{reply}");
        assert_eq!(inbox.recv().unwrap(), ("/done".to_owned(), "hello".to_owned()));
    }
}
