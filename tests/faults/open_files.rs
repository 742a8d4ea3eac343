//! Few open files: there is room for fewer connections, of which no address gets all.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::support::program::{BINARY, Program};

async fn connect_from(address: [u8; 4], program: &Program) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let from = SocketAddr::from((Ipv4Addr::from(address), 0));
    socket.bind(from).unwrap();
    let target = program.issuer.strip_prefix("http://").unwrap();
    socket.connect(target.parse().unwrap()).await.unwrap()
}

#[tokio::test]
async fn one_address_leaves_connections_for_others_when_there_is_room_for_few() {
    let mut program = Program::prepare("http://127.0.0.1:9", "", "");
    let mut command = Command::new("prlimit");
    program.spawn_by(command.args(["--nofile=512:512", BINARY]));
    program.until_ready().await;
    let log = program.log();
    let mut silent = Vec::new();
    for _ in 0..400 {
        silent.push(connect_from([127, 0, 0, 2], &program).await);
    }
    let request = "GET /launch HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut other = connect_from([127, 0, 0, 3], &program).await;
    other.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = timeout(Duration::from_secs(10), other.read_to_string(&mut answer)).await;
    assert!(
        read.is_ok() && answer.starts_with("HTTP/1.1 200"),
        "{read:?} {answer}"
    );
    let reduced = "There is room for 288 connections instead of 4096, and for 36 of one address instead of 512";
    assert!(log.contains(reduced), "{log}");
}
