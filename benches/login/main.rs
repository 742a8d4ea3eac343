//! Measures logins: the built binary over SQLite and the simulated portal, over real connections.
//! Run `cargo bench --bench login`, or add `-- --help` for its options.
//!
//! The figure to look at is the processor time of the server, because it is the same on a busy
//! machine as on an idle one. Times and rates depend on what else runs, above all on this program.

#![expect(clippy::unwrap_used, reason = "a load that cannot continue has failed")]
#![expect(
    clippy::cast_precision_loss,
    reason = "no figure in this file exceeds the precision of a float"
)]

mod floor;
mod http;
mod live_grants;
mod load;
mod login;
mod rounds;
mod server;
mod zitadel;

use std::cell::RefCell;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use clap::Parser as _;
use panda_oidc_panda::simulator::{
    Person as PortalUser, Simulator, SimulatorHandle, SimulatorSettings,
};
use tokio::task::LocalSet;

use floor::Floor;
use http::{Connection, DISCOVERY};
use load::{Limits, Load};
use login::{Client, Login, Person};
use rounds::Rounds;
use server::{Server, ServerFixture};
use zitadel::Zitadel;

/// How many people sign in.
const PEOPLE: u64 = 1000;

/// How many logins come before those that are measured.
const WARM_UP: u64 = 200;

const CLIENTS: [Client; 4] = [
    client("rs256", "RS256", "RS256"),
    client("mixed", "RS256", "ES256"),
    client("es256", "ES256", "ES256"),
    client("eddsa", "EdDSA", "EdDSA"),
];

const fn client(id: &'static str, id_token: &'static str, access_token: &'static str) -> Client {
    Client {
        id,
        id_token,
        access_token,
    }
}

/// Measures what logins cost the server.
#[derive(clap::Parser)]
struct Options {
    /// The server to measure.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_panda-oidc"))]
    binary: PathBuf,
    /// Which clients log in: rs256, mixed (RS256 ID token, ES256 access token), es256, eddsa.
    #[arg(long, value_delimiter = ',')]
    client: Vec<String>,
    /// How many logins run at once.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64])]
    concurrency: Vec<usize>,
    /// How many logins a figure is made of, at the most.
    #[arg(long, default_value_t = 6000)]
    logins: u64,
    /// How long a figure may take, in seconds.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// How often everything is measured in turn. The rows are medians, and so are the ratios, each of
    /// two figures of one round.
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// How many unused clients are registered as well.
    #[arg(long, default_value_t = 0)]
    more_clients: usize,
    /// How many live grants of other people the store holds, each with a refresh token.
    #[arg(long, default_value_t = 0)]
    live_grants: i64,
    /// The URL of an empty database of PostgreSQL, to measure with that instead of SQLite.
    #[arg(long, conflicts_with = "live_grants")]
    postgres: Option<String>,
    /// Also measures what no provider can leave out, on this machine.
    #[arg(long)]
    floor: bool,
    /// Also measures zitadel/oidc, which needs a Go compiler.
    #[arg(long)]
    zitadel: bool,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(LocalSet::new().run_until(measure(options)));
}

async fn measure(options: Options) {
    let people = (1..=PEOPLE).map(|id| PortalUser::new(id, format!("陈涛{id}"), "18221999045"));
    let settings = SimulatorSettings {
        people: people.collect(),
        ..SimulatorSettings::default()
    };
    let portal = Rc::new(Simulator::start(settings).await.unwrap());
    let house = ServerFixture::new(
        &options.binary,
        portal.url().as_str(),
        &CLIENTS,
        options.more_clients,
        options.postgres.as_deref(),
    );
    house.start().await.0.stop(); // creates database and keys
    if options.live_grants > 0 {
        live_grants::add(&house.database(), options.live_grants);
    }
    let server = measure_starts(&house, &options.binary).await;
    let bench = Bench {
        house,
        server,
        options,
    };
    let people = bench.measure_launches(&portal).await;
    bench.measure_discovery().await;
    bench.measure_logins(&people).await;
    let log = bench.house.read_log();
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
    bench.server.stop();
}

/// Starts servers over the same data, and leaves the last one running.
async fn measure_starts(house: &ServerFixture, binary: &Path) -> Server {
    let mut times = Vec::new();
    for _ in 0..10 {
        let (server, time) = house.start().await;
        server.stop();
        times.push(time.as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    let (server, _) = house.start().await;
    println!("| the program | |\n| --- | ---: |");
    let size = fs::metadata(binary).unwrap().len();
    println!("| its file, MiB | {:.1} |", mib(size));
    println!("| start to the first answer, median ms | {:.0} |", times[5]);
    println!("| the slowest of ten, ms | {:.0} |", times[9]);
    println!("| resident when idle, MiB | {:.1} |", mib(server.memory()));
    server
}

struct Bench {
    house: ServerFixture,
    server: Server,
    options: Options,
}

impl Bench {
    /// Measures launches, and returns the signed-in users.
    async fn measure_launches(&self, portal: &Rc<SimulatorHandle>) -> Rc<Vec<Person>> {
        println!(
            "\n| at once | launches/s | p50 ms | p99 ms | CPU ms a launch | calls of the portal |\n\
             | ---: | ---: | ---: | ---: | ---: | ---: |"
        );
        let people = Rc::new(RefCell::new(Vec::new()));
        for at_once in &self.options.concurrency {
            portal.forget_calls();
            people.borrow_mut().clear();
            let address = self.house.address;
            let (issuing, signed_in) = (Rc::clone(portal), Rc::clone(&people));
            let load = self.load(*at_once, PEOPLE, async move |connection, number| {
                let person = number + 1;
                let ticket = issuing.issue_ticket(person);
                let person = login::launch(connection, address, &CLIENTS[0], person, &ticket).await;
                signed_in.borrow_mut().push(person);
            });
            let load = load.await;
            println!(
                "| {at_once} | {:.0} | {:.2} | {:.2} | {:.3} | {:.2} |",
                load.rate(),
                load.percentile(50),
                load.percentile(99),
                load.cpu(),
                portal.calls().user_by_ticket as f64 / load.count() as f64,
            );
        }
        Rc::new(people.take())
    }

    /// Measures requests for a static document: the base cost of any request.
    async fn measure_discovery(&self) {
        println!("\n| at once | discovery/s | CPU ms a request |\n| ---: | ---: | ---: |");
        for at_once in &self.options.concurrency {
            let times = 3 * self.options.logins;
            let load = self.load(*at_once, times, async |connection, _| {
                let answer = connection.ask(DISCOVERY).await.unwrap();
                assert_eq!(answer.status, 200);
            });
            let load = load.await;
            println!("| {at_once} | {:.0} | {:.4} |", load.rate(), load.cpu());
        }
    }

    /// Measures the full login: authorize, token, userinfo.
    async fn measure_logins(&self, people: &Rc<Vec<Person>>) {
        println!(
            "\n| ID token | access token | provider | at once | logins/s | p50 ms | p99 ms \
             | CPU ms a login | of it the store's threads | times the floor | times zitadel/oidc \
             | resident MiB |\n\
             | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
        );
        let zitadel = self.options.zitadel.then(Zitadel::build);
        for client in &CLIENTS {
            let selected = &self.options.client;
            if !selected.is_empty() && !selected.iter().any(|id| id == client.id) {
                continue;
            }
            for at_once in &self.options.concurrency {
                let mut floor = Rounds::default();
                let mut own = Rounds::default();
                let mut peer = Rounds::default();
                for _ in 0..self.options.rounds {
                    if self.options.floor {
                        floor.add(self.measure_floor(client, *at_once).await, None);
                    }
                    let (server, address) = (&self.server, self.house.address);
                    let load = self.login(server, address, client, people, *at_once).await;
                    own.add(load, Some(server.memory()));
                    if let Some(zitadel) = zitadel.as_ref().filter(|_| Zitadel::signs(client)) {
                        let (server, address) = zitadel.start(client).await;
                        let person = Rc::new(vec![Zitadel::person()]);
                        let load = self.login(&server, address, client, &person, *at_once);
                        peer.add(load.await, Some(server.memory()));
                    }
                }
                for (provider, rounds) in [
                    ("the floor", &floor),
                    ("panda-oidc", &own),
                    ("zitadel/oidc", &peer),
                ] {
                    print_row(client, *at_once, provider, rounds, [&floor, &peer]);
                }
            }
        }
    }

    /// Measures what no provider can leave out.
    async fn measure_floor(&self, client: &Client, at_once: usize) -> Load {
        let floor = Floor::start(client);
        let run = async |logins| {
            let one = async |connection: &mut Connection, _| Floor::login(connection).await;
            let limits = self.limits(logins);
            Load::run(Floor::used, floor.address, at_once, limits, one).await
        };
        run(WARM_UP).await;
        run(self.options.logins).await
    }

    /// Measures logins, after some that warm the server up.
    async fn login(
        &self,
        server: &Server,
        address: SocketAddr,
        client: &Client,
        people: &Rc<Vec<Person>>,
        at_once: usize,
    ) -> Load {
        let run = async |logins| {
            let login = Login::new(address, client);
            let people = Rc::clone(people);
            let one = async move |connection: &mut Connection, number| {
                let person = &people[usize::try_from(number).unwrap() % people.len()];
                login.run(connection, person, number).await;
            };
            Load::run(|| server.used(), address, at_once, self.limits(logins), one).await
        };
        run(WARM_UP).await;
        run(self.options.logins).await
    }

    async fn load<F>(&self, at_once: usize, times: u64, one: F) -> Load
    where
        F: AsyncFn(&mut Connection, u64) + 'static,
    {
        let address = self.house.address;
        Load::run(
            || self.server.used(),
            address,
            at_once,
            self.limits(times),
            one,
        )
        .await
    }

    fn limits(&self, times: u64) -> Limits {
        Limits {
            times,
            time: Duration::from_secs(self.options.seconds),
        }
    }
}

/// Prints the median of the rounds, and how many times as much processor time it took as each of the
/// `others`.
fn print_row(
    client: &Client,
    at_once: usize,
    provider: &str,
    rounds: &Rounds,
    others: [&Rounds; 2],
) {
    let Some((load, memory)) = rounds.median() else {
        return;
    };
    let times = others.map(|others| match rounds.times(others) {
        Some(times) => format!("{times:.2}"),
        None => String::new(),
    });
    let memory = memory.map(|memory| format!("{:.1}", mib(memory)));
    println!(
        "| {} | {} | {provider} | {at_once} | {:.0} | {:.2} | {:.2} | {:.3} | {:.3} | {} | {} | {} |",
        client.id_token,
        client.access_token,
        load.rate(),
        load.percentile(50),
        load.percentile(99),
        load.cpu(),
        load.cpu_of_store(),
        times[0],
        times[1],
        memory.unwrap_or_default(),
    );
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}
