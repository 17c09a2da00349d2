//! Any order of answers, losses, pauses and changes of leaders: what the application gets is the
//! log from its position on, without holes or repeats.

use proptest::prelude::*;

use super::*;

/// Records of each partition.
const LENGTH: i64 = 60;
const PARTITIONS: i32 = 3;

#[derive(Clone, Debug)]
enum Step {
    Poll,
    Answer(usize, u8),
    Lose(usize),
    Take(usize),
    Pause(i32, bool),
    Seek(i32, i64),
    Leader(i32, i32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Poll),
        4 => (0..4_usize, 1..9_u8).prop_map(|(which, count)| Step::Answer(which, count)),
        1 => (0..4_usize).prop_map(Step::Lose),
        4 => (1..9_usize).prop_map(Step::Take),
        1 => (0..PARTITIONS, any::<bool>()).prop_map(|(index, on)| Step::Pause(index, on)),
        1 => (0..PARTITIONS, 0..LENGTH).prop_map(|(index, to)| Step::Seek(index, to)),
        1 => (0..PARTITIONS, 1..4_i32).prop_map(|(index, leader)| Step::Leader(index, leader)),
    ];
    prop::collection::vec(step, 0..200)
}

struct World {
    fetcher: Fetcher,
    leaders: Vec<(i32, i32)>,
    wanted: Vec<i64>,
    under_way: Vec<Output>,
    /// What each broker's session is about.
    sessions: BTreeMap<(i32, i32), i64>,
    now: u32,
}

impl World {
    fn new() -> Self {
        let config = FetcherConfig {
            partition_max_bytes: 300,
            reset: ResetPolicy::Earliest,
            ..FetcherConfig::default()
        };
        let mut fetcher = Fetcher::new(config);
        fetcher.assign(&set(&[0, 1, 2]), false);
        Self {
            fetcher,
            leaders: vec![(1, 1); PARTITIONS as usize],
            wanted: vec![0; PARTITIONS as usize],
            under_way: Vec::new(),
            sessions: BTreeMap::new(),
            now: 0,
        }
    }

    fn poll(&mut self) {
        self.now += 150;
        let leaders = metadata(&self.leaders);
        let out = poll(&mut self.fetcher, self.now, &leaders);
        self.under_way.extend(out.into_iter().filter(|o| !matches!(o, Output::NeedMetadata(_))));
    }

    /// A broker keeps what a session said, as the real ones do.
    fn fetch(&mut self, node: i32, request: &FetchRequest, count: i64) -> FetchResponse {
        if request.session_epoch == 0 {
            self.sessions.retain(|(of, _), _| *of != node);
        }
        for gone in request.forgotten_topics_data.iter().flat_map(|topic| &topic.partitions) {
            self.sessions.remove(&(node, *gone));
        }
        for asked in request.topics.iter().flat_map(|topic| &topic.partitions) {
            self.sessions.insert((node, asked.partition), asked.fetch_offset);
        }
        let mine = self.sessions.iter().filter(|((of, _), _)| *of == node);
        let answers = mine.map(|((_, index), from)| {
            let (leader, _) = self.leaders[*index as usize];
            if leader != node {
                return data(*index, ResponseError::NotLeaderOrFollower.code(), None);
            }
            // whole batches of five records
            let base = from - from % 5;
            let batches = (base..(base + count * 5).min(LENGTH)).step_by(5);
            let bytes = batches.map(|at| records(at, 5)).collect::<Vec<_>>().concat();
            data(*index, 0, Some(bytes.into()))
        });
        fetched(node, answers.collect())
    }

    fn answer(&mut self, which: usize, count: i64) {
        if self.under_way.is_empty() {
            return;
        }
        let output = self.under_way.remove(which % self.under_way.len());
        let (now, mut out) = (Tick::at(self.now), Outputs::new());
        match output {
            Output::Fetch { id, node, request } => {
                let answer = self.fetch(node.0, &request, count);
                self.fetcher.on_fetched(now, id, &answer, &mut out);
            }
            Output::ListOffsets { id, asks, .. } => {
                let index = asks[0].partition.partition;
                self.fetcher.on_offsets(now, id, &offset(index, 0, 0), &mut out);
            }
            Output::EpochEnds { id, asks, .. } => {
                let index = asks[0].partition.partition;
                self.fetcher.on_epoch_ends(now, id, &epoch_end(index, 1, LENGTH), &mut out);
            }
            Output::Committed { .. } | Output::NeedMetadata(_) => unreachable!("not asked for"),
        }
    }

    fn lose(&mut self, which: usize) {
        if self.under_way.is_empty() {
            return;
        }
        let (now, mut out) = (Tick::at(self.now), Outputs::new());
        match self.under_way.remove(which % self.under_way.len()) {
            Output::Fetch { id, .. } => self.fetcher.on_fetch_lost(now, id, &mut out),
            Output::ListOffsets { id, .. } | Output::EpochEnds { id, .. } => {
                self.fetcher.on_offsets_lost(now, id, &mut out);
            }
            Output::Committed { .. } | Output::NeedMetadata(_) => {}
        }
    }

    fn take(&mut self, limit: usize) {
        for record in self.fetcher.take(limit).expect("nothing is broken") {
            let wanted = &mut self.wanted[record.partition as usize];
            assert_eq!(record.offset.0, *wanted, "partition {}", record.partition);
            assert!(!self.fetcher.paused().any(|paused| paused.partition == record.partition));
            *wanted += 1;
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Poll => self.poll(),
            Step::Answer(which, count) => self.answer(which, i64::from(count)),
            Step::Lose(which) => self.lose(which),
            Step::Take(limit) => self.take(limit),
            Step::Pause(index, on) => assert!(self.fetcher.pause(&tp(index), on)),
            Step::Seek(index, to) => {
                assert!(self.fetcher.seek(&tp(index), Position::at(Offset(to))));
                self.wanted[index as usize] = to;
            }
            Step::Leader(index, leader) => {
                let known = &mut self.leaders[index as usize];
                *known = (leader, known.1 + 1);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_is_repeated(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
        for index in 0..PARTITIONS {
            world.step(Step::Pause(index, false));
        }
        // and in the end, everything is read
        for _ in 0..500 {
            world.poll();
            while !world.under_way.is_empty() {
                world.answer(0, 3);
            }
            world.take(usize::MAX);
        }
        prop_assert_eq!(world.wanted, vec![LENGTH; PARTITIONS as usize]);
    }
}
