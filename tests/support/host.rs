//! A host project's own HTTP, as far as the chat asks for it: each path with what it answers now.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What a path answers: a status and a body, by what the request's head says.
type Answering = Box<dyn Fn(&str) -> (u16, String) + Send + Sync>;

#[derive(Default)]
struct Shared {
    answers: HashMap<String, Answering>,
    heads: Vec<String>,
}

pub struct TestHost {
    pub address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    task: JoinHandle<()>,
}

impl TestHost {
    pub async fn start() -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let shared = Arc::<Mutex<Shared>>::default();
        let task = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                while let Ok((mut stream, _)) = tcp.accept().await {
                    let shared = Arc::clone(&shared);
                    tokio::spawn(async move {
                        let mut head = Vec::new();
                        while !head.ends_with(b"\r\n\r\n") {
                            match stream.read_u8().await {
                                Ok(byte) => head.push(byte),
                                Err(_) => return,
                            }
                        }
                        let head = String::from_utf8(head).unwrap().to_lowercase();
                        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                        let (status, body) = {
                            let mut shared = shared.lock().unwrap();
                            shared.heads.push(head.clone());
                            match shared.answers.get(&path) {
                                Some(answering) => answering(&head),
                                None => (404, String::new()),
                            }
                        };
                        let answer = format!(
                            "HTTP/1.1 {status} Said\r\ncontent-length: {}\r\nlocation: /elsewhere\r\nconnection: close\r\n\r\n{body}",
                            body.len()
                        );
                        stream.write_all(answer.as_bytes()).await.ok();
                    });
                }
            }
        });
        Self {
            address,
            shared,
            task,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on a path answers so.
    pub fn answer(&self, path: &str, status: u16, body: impl Into<String>) {
        let body = body.into();
        self.answer_by(path, move |_| (status, body.clone()));
    }

    /// From now on a path answers by what the request's head says, in small letters.
    pub fn answer_by(
        &self,
        path: &str,
        answering: impl Fn(&str) -> (u16, String) + Send + Sync + 'static,
    ) {
        let mut shared = self.shared.lock().unwrap();
        shared.answers.insert(path.to_owned(), Box::new(answering));
    }

    /// The heads of requests so far, in small letters.
    pub fn heads(&self) -> Vec<String> {
        self.shared.lock().unwrap().heads.clone()
    }

    /// Nobody is there any more.
    pub fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for TestHost {
    fn drop(&mut self) {
        self.stop();
    }
}
