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

mod http;
mod load;
mod login;
mod server;

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use clap::Parser as _;
use panda_oidc_panda::simulator::{
    Person as PortalUser, Simulator, SimulatorHandle, SimulatorSettings,
};
use tokio::task::LocalSet;

use http::{Connection, DISCOVERY};
use load::{Limits, Load};
use login::{Client, Login, Person};
use server::{Server, ServerFixture};

/// How many people sign in.
const PEOPLE: u64 = 1000;

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
    let house = ServerFixture::new(&options.binary, portal.url().as_str(), &CLIENTS);
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
    house.start().await.0.stop(); // creates database and keys
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
            "\n| ID token | access token | at once | logins/s | p50 ms | p99 ms | CPU ms a login \
             | of it the store's threads | resident MiB |\n\
             | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
        );
        for client in &CLIENTS {
            let selected = &self.options.client;
            if !selected.is_empty() && !selected.iter().any(|id| id == client.id) {
                continue;
            }
            for at_once in &self.options.concurrency {
                self.login(client, people, *at_once, 200).await; // warms up
                let load = self
                    .login(client, people, *at_once, self.options.logins)
                    .await;
                println!(
                    "| {} | {} | {at_once} | {:.0} | {:.2} | {:.2} | {:.3} | {:.3} | {:.1} |",
                    client.id_token,
                    client.access_token,
                    load.rate(),
                    load.percentile(50),
                    load.percentile(99),
                    load.cpu(),
                    load.cpu_of_store(),
                    mib(self.server.memory()),
                );
            }
        }
    }

    async fn login(
        &self,
        client: &Client,
        people: &Rc<Vec<Person>>,
        at_once: usize,
        times: u64,
    ) -> Load {
        let login = Login::new(self.house.address, client);
        let people = Rc::clone(people);
        self.load(at_once, times, async move |connection, number| {
            let person = &people[usize::try_from(number).unwrap() % people.len()];
            login.run(connection, person, number).await;
        })
        .await
    }

    async fn load<F>(&self, at_once: usize, times: u64, one: F) -> Load
    where
        F: AsyncFn(&mut Connection, u64) + 'static,
    {
        let limits = Limits {
            times,
            time: Duration::from_secs(self.options.seconds),
        };
        Load::run(&self.server, self.house.address, at_once, limits, one).await
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}
