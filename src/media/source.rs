//! A file that can be read only so much.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// What finding out a length takes at most: the largest cover picture of a song, skipped by reading.
const READ_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// A file of many small parts makes many steps; a real one takes some hundreds.
const STEPS_MAX: u32 = 100_000;

/// Whoever reads more than is sensible gets an error, as does everyone after a failure of the disk.
pub struct Source<'a> {
    file: &'a mut File,
    size_bytes: u64,
    read_bytes_left: u64,
    steps_left: u32,
    failure: Option<io::Error>,
}

impl<'a> Source<'a> {
    pub fn new(file: &'a mut File, size_bytes: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(0))?;
        Ok(Self {
            file,
            size_bytes,
            read_bytes_left: READ_BYTES_MAX,
            steps_left: STEPS_MAX,
            failure: None,
        })
    }

    /// Whether it was the disk that failed, which says nothing of the file.
    pub fn failure(self) -> io::Result<()> {
        self.failure.map_or(Ok(()), Err)
    }

    /// None at the end, or past it.
    pub fn read_at<const N: usize>(&mut self, offset: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        if offset.checked_add(N as u64)? > self.size_bytes {
            return None;
        }
        self.seek(SeekFrom::Start(offset)).ok()?;
        self.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    fn step(&mut self) -> io::Result<()> {
        if self.failure.is_some() || self.steps_left == 0 || self.read_bytes_left == 0 {
            return Err(io::Error::other("too much of a file was asked for"));
        }
        self.steps_left -= 1;
        Ok(())
    }

    fn noted<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        done.inspect_err(|error| {
            // A seek to before the beginning is a mistake of the file, not of the disk.
            if !matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Interrupted
            ) {
                self.failure = Some(io::Error::new(error.kind(), error.to_string()));
            }
        })
    }
}

impl Read for Source<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.step()?;
        let count_max = usize::try_from(self.read_bytes_left).unwrap_or(usize::MAX);
        let count_max = into.len().min(count_max);
        let done = self.file.read(&mut into[..count_max]);
        let count = self.noted(done)?;
        self.read_bytes_left -= count as u64;
        Ok(count)
    }
}

impl Seek for Source<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.step()?;
        let done = self.file.seek(to);
        self.noted(done)
    }
}
