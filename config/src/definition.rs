//! What one key is: its type, default, rule, meaning, and whether Ottla acts on it.

use crate::error::SettingError;
use crate::value::Value;

/// The type of a key's value, under the names of Kafka's `ConfigDef.Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// Free text.
    String,
    /// A 32-bit number.
    Int,
    /// A 16-bit number.
    Short,
    /// A 64-bit number.
    Long,
    /// A floating point number.
    Double,
    /// Values separated by commas.
    List,
    /// The name of a Java class.
    Class,
    /// Text that is never shown.
    Password,
}

impl Kind {
    /// The name Kafka uses in its messages and documentation.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Int => "INT",
            Self::Short => "SHORT",
            Self::Long => "LONG",
            Self::Double => "DOUBLE",
            Self::List => "LIST",
            Self::Class => "CLASS",
            Self::Password => "PASSWORD",
        }
    }

    /// The number that stands for this type in DescribeConfigs responses (KIP-569).
    #[must_use]
    pub fn wire_code(self) -> i8 {
        match self {
            Self::Boolean => 1,
            Self::String => 2,
            Self::Int => 3,
            Self::Short => 4,
            Self::Long => 5,
            Self::Double => 6,
            Self::List => 7,
            Self::Class => 8,
            Self::Password => 9,
        }
    }
}

/// What a value must satisfy beyond its type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Nothing.
    Any,
    /// A number not below this one.
    AtLeast(i64),
    /// A number between the two, both included.
    Between(i64, i64),
    /// A floating point number between the two, both included.
    Fraction(f64, f64),
    /// A number between the first two, or the third.
    BetweenOr(i64, i64, i64),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// One of these words, in any case.
    OneOfAnyCase(&'static [&'static str]),
    /// Text of at least one character.
    NonEmptyText,
    /// A list of these words only (no words: any), none of them empty; it may be empty or not.
    Members(&'static [&'static str], MayBeEmpty),
    /// `*`, nothing, or `partition:broker` pairs (KIP-73).
    ThrottledReplicas,
    /// `earliest`, `latest` or `by_duration:` with an ISO-8601 duration (KIP-932).
    ShareOffsetReset,
}

/// Whether a list may have no member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MayBeEmpty {
    /// It may.
    Yes,
    /// It may not.
    No,
}

/// How much a key matters, as Kafka's documentation sorts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    /// Look at it first.
    High,
    /// Worth knowing.
    Medium,
    /// Rarely touched.
    Low,
}

/// How a key may change while the broker runs (KIP-226).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Only by a restart.
    ReadOnly,
    /// For one broker at a time.
    PerBroker,
    /// For one broker or as the default of all.
    ClusterWide,
}

impl Update {
    /// The words of Kafka's documentation for this mode.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::PerBroker => "per-broker",
            Self::ClusterWide => "cluster-wide",
        }
    }
}

/// What a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// A broker: property file, environment, `--override`, or a broker's dynamic settings.
    Broker,
    /// A broker, but only as a dynamic setting (replication quotas).
    DynamicBroker,
    /// A topic.
    Topic,
    /// A group.
    Group,
    /// A user or client id (quotas).
    Client,
    /// An address that clients connect from.
    Ip,
    /// A client metrics subscription (KIP-714).
    ClientMetrics,
}

/// What Ottla does with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Ottla acts on it.
    Honoured,
    /// Kafka 4.3 knows it, Ottla reads and checks it, and this is what is said when it is set.
    Noted(&'static str),
    /// Only older Kafka releases know it; it still means what the line says.
    Old(&'static str),
    /// Only older Kafka releases know it; what it says is read as a key of today.
    Translated,
    /// It is about ZooKeeper. All such keys together get one line.
    ZooKeeper,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// The property name.
    pub name: &'static str,
    /// The type of its value.
    pub kind: Kind,
    /// The value when nothing sets it; `None` is Kafka's null.
    pub default: Option<&'static str>,
    /// What a value must satisfy.
    pub rule: Rule,
    /// How much it matters.
    pub importance: Importance,
    /// How it may change while the broker runs.
    pub update: Update,
    /// What it belongs to.
    pub scope: Scope,
    /// What Ottla does with it.
    pub standing: Standing,
    /// What it is for.
    pub doc: &'static str,
    /// Kafka keeps it out of its documentation and its descriptions.
    pub internal: bool,
    /// The broker keys that give its value when it is not set itself, most important first.
    pub synonyms: &'static [Synonym],
}

/// A broker key that stands in for another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// The broker key.
    pub name: &'static str,
    /// What its number is multiplied by.
    pub factor: i64,
}

/// The synonym `name`, with its value as it is.
pub(crate) const fn same(name: &'static str) -> Synonym {
    Synonym { name, factor: 1 }
}

/// The synonym `name`, given in minutes where milliseconds are wanted.
pub(crate) const fn minutes(name: &'static str) -> Synonym {
    Synonym { name, factor: 60_000 }
}

/// The synonym `name`, given in hours where milliseconds are wanted.
pub(crate) const fn hours(name: &'static str) -> Synonym {
    Synonym { name, factor: 3_600_000 }
}

/// Starts the definition of a key that Ottla honours.
pub(crate) const fn key(name: &'static str, kind: Kind, doc: &'static str) -> Definition {
    Definition {
        name,
        kind,
        default: None,
        rule: Rule::Any,
        importance: Importance::Medium,
        update: Update::ReadOnly,
        scope: Scope::Broker,
        standing: Standing::Honoured,
        doc,
        internal: false,
        synonyms: &[],
    }
}

/// A key that only older releases know, and what is said about it.
pub(crate) const fn old(
    name: &'static str,
    kind: Kind,
    doc: &'static str,
    said: &'static str,
) -> Definition {
    let mut it = key(name, kind, doc).low();
    it.standing = Standing::Old(said);
    it
}

/// A key of older releases that is read as a key of today.
pub(crate) const fn translated(name: &'static str, kind: Kind, doc: &'static str) -> Definition {
    let mut it = key(name, kind, doc).low();
    it.standing = Standing::Translated;
    it
}

/// A key about ZooKeeper.
pub(crate) const fn zookeeper(name: &'static str, kind: Kind, doc: &'static str) -> Definition {
    let mut it = key(name, kind, doc).low();
    it.standing = Standing::ZooKeeper;
    it
}

impl Definition {
    pub(crate) const fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }

    pub(crate) const fn rule(mut self, rule: Rule) -> Self {
        self.rule = rule;
        self
    }

    pub(crate) const fn at_least(self, least: i64) -> Self {
        self.rule(Rule::AtLeast(least))
    }

    pub(crate) const fn between(self, least: i64, most: i64) -> Self {
        self.rule(Rule::Between(least, most))
    }

    pub(crate) const fn high(mut self) -> Self {
        self.importance = Importance::High;
        self
    }

    pub(crate) const fn low(mut self) -> Self {
        self.importance = Importance::Low;
        self
    }

    pub(crate) const fn per_broker(mut self) -> Self {
        self.update = Update::PerBroker;
        self
    }

    pub(crate) const fn cluster_wide(mut self) -> Self {
        self.update = Update::ClusterWide;
        self
    }

    pub(crate) const fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    pub(crate) const fn noted(mut self, said: &'static str) -> Self {
        self.standing = Standing::Noted(said);
        self
    }

    pub(crate) const fn internal(mut self) -> Self {
        self.internal = true;
        self
    }

    pub(crate) const fn synonyms(mut self, synonyms: &'static [Synonym]) -> Self {
        self.synonyms = synonyms;
        self
    }

    /// Whether its value must never be shown.
    #[must_use]
    pub fn sensitive(&self) -> bool {
        self.kind == Kind::Password
    }

    /// Whether it can only change by a restart.
    #[must_use]
    pub fn read_only(&self) -> bool {
        self.update == Update::ReadOnly
    }

    /// Reads `text` as a value of this key, or says what is allowed.
    ///
    /// # Errors
    /// [`SettingError::Invalid`] when the text is not of the key's type or breaks its rule.
    pub fn parse(&self, text: &str) -> Result<Value, SettingError> {
        self.parse_as(self.name, text)
    }

    /// As [`Definition::parse`], naming the key `name` in errors (a key with a listener's prefix).
    ///
    /// # Errors
    /// [`SettingError::Invalid`] when the text is not of the key's type or breaks its rule.
    pub fn parse_as(&self, name: &str, text: &str) -> Result<Value, SettingError> {
        let value = Value::parse(self.kind, name, text)?;
        crate::value::check(self.rule, name, text, &value)?;
        Ok(value)
    }

    /// The value in force when nothing sets the key.
    #[must_use]
    pub fn default_value(&self) -> Option<Value> {
        self.default.and_then(|text| Value::parse(self.kind, self.name, text).ok())
    }

    /// In words, what the rule and the type allow.
    #[must_use]
    pub fn allowed(&self) -> String {
        crate::value::allowed(self.kind, self.rule)
    }
}
