//! The records of Kafka's internal topics, and what control batches hold.

use super::schema::Kind::{Bytes, I8, I16, I32, I64, List, Nested, Struct, Text, U16, Uuid};
use super::schema::{Field, Schema, field};

/// Never flexible.
const NEVER: i16 = i16::MAX;

const fn plain(fields: &'static [Field]) -> Schema {
    Schema { newest: 0, flexible: NEVER, fields }
}

const fn flexible(newest: i16, flexible: i16, fields: &'static [Field]) -> Schema {
    Schema { newest, flexible, fields }
}

/// A kind of record: the schemas of its key and of its value.
pub(super) struct RecordKind {
    /// The version in front of the key.
    pub(super) id: i16,
    /// The key.
    pub(super) key: Schema,
    /// The value.
    pub(super) value: Schema,
}

const fn kind(id: i16, key: Schema, value: Schema) -> RecordKind {
    RecordKind { id, key, value }
}

const OFFSET_KEY: Schema =
    plain(&[field("group", Text), field("topic", Text), field("partition", I32)]);

const OFFSET_VALUE: Schema = flexible(
    4,
    4,
    &[
        field("offset", I64),
        field("leaderEpoch", I32).since(3),
        field("metadata", Text),
        field("commitTimestamp", I64),
        field("expireTimestamp", I64).only(1),
        field("topicId", Uuid).since(4).tagged(0),
    ],
);

const SUBSCRIPTION: Schema = Schema {
    newest: 3,
    flexible: NEVER,
    fields: &[
        field("topics", List(&Text)),
        field("userData", Bytes).nullable(),
        field("ownedPartitions", OF_TOPIC).since(1),
        field("generationId", I32).since(2),
        field("rackId", Text).since(3).nullable(),
    ],
};

const ASSIGNMENT: Schema = Schema {
    newest: 3,
    flexible: NEVER,
    fields: &[field("assignedPartitions", OF_TOPIC), field("userData", Bytes).nullable()],
};

const OF_TOPIC: super::schema::Kind =
    List(&Struct(&[field("topic", Text), field("partitions", List(&I32))]));

macro_rules! group_value {
    ($subscription:expr, $assignment:expr) => {
        flexible(
            4,
            4,
            &[
                field("protocolType", Text),
                field("generation", I32),
                field("protocol", Text).nullable(),
                field("leader", Text).nullable(),
                field("currentStateTimestamp", I64).since(2),
                field(
                    "members",
                    List(&Struct(&[
                        field("memberId", Text),
                        field("groupInstanceId", Text).since(3).nullable(),
                        field("clientId", Text),
                        field("clientHost", Text),
                        field("rebalanceTimeout", I32).since(1),
                        field("sessionTimeout", I32),
                        field("subscription", $subscription),
                        field("assignment", $assignment),
                    ])),
                ),
            ],
        )
    };
}

/// A group of consumers, whose members' metadata is Kafka's own embedded protocol.
pub(super) const CONSUMERS_VALUE: Schema = group_value!(Nested(&SUBSCRIPTION), Nested(&ASSIGNMENT));

const GROUP_ID: &[Field] = &[field("groupId", Text)];
const MEMBER_ID: &[Field] = &[field("groupId", Text), field("memberId", Text)];

const BY_TOPIC_ID: super::schema::Kind = List(&Struct(&[
    field("topicId", Uuid),
    field("partitions", List(&I32)),
    field("assignmentEpochs", List(&I32)).tagged(0),
]));

const CONSUMER_MEMBER: &[Field] = &[
    field("instanceId", Text).nullable(),
    field("rackId", Text).nullable(),
    field("clientId", Text),
    field("clientHost", Text),
    field("subscribedTopicNames", List(&Text)),
    field("subscribedTopicRegex", Text).nullable(),
    field("rebalanceTimeoutMs", I32),
    field("serverAssignor", Text).nullable(),
    field(
        "classicMemberMetadata",
        Struct(&[
            field("sessionTimeoutMs", I32),
            field(
                "supportedProtocols",
                List(&Struct(&[field("name", Text), field("metadata", Bytes)])),
            ),
        ]),
    )
    .nullable()
    .tagged(0),
];

/// What `__consumer_offsets` holds of classic and consumer groups.
pub(super) const OFFSETS: &[RecordKind] = &[
    kind(0, OFFSET_KEY, OFFSET_VALUE),
    kind(1, OFFSET_KEY, OFFSET_VALUE),
    kind(GROUP_METADATA, plain(&[field("group", Text)]), group_value!(Bytes, Bytes)),
    kind(
        3,
        plain(GROUP_ID),
        flexible(0, 0, &[field("epoch", I32), field("metadataHash", I64).tagged(0)]),
    ),
    kind(5, plain(MEMBER_ID), flexible(0, 0, CONSUMER_MEMBER)),
    kind(
        6,
        plain(GROUP_ID),
        flexible(
            0,
            0,
            &[field("assignmentEpoch", I32), field("assignmentTimestamp", I64).tagged(0)],
        ),
    ),
    kind(7, plain(MEMBER_ID), flexible(0, 0, &[field("topicPartitions", BY_TOPIC_ID)])),
    kind(
        8,
        plain(MEMBER_ID),
        flexible(
            0,
            0,
            &[
                field("memberEpoch", I32),
                field("previousMemberEpoch", I32),
                field("state", I8),
                field("assignedPartitions", BY_TOPIC_ID),
                field("partitionsPendingRevocation", BY_TOPIC_ID),
            ],
        ),
    ),
    kind(
        16,
        plain(&[field("groupId", Text), field("regularExpression", Text)]),
        flexible(
            0,
            0,
            &[field("topics", List(&Text)), field("version", I64), field("timestamp", I64)],
        ),
    ),
];

/// The key's version of a classic group's metadata.
pub(super) const GROUP_METADATA: i16 = 2;

/// What `__transaction_state` holds.
pub(super) const TRANSACTIONS: &[RecordKind] = &[kind(
    0,
    plain(&[field("transactionalId", Text)]),
    flexible(
        1,
        1,
        &[
            field("producerId", I64),
            field("previousProducerId", I64).since(1).tagged(0),
            field("nextProducerId", I64).since(1).tagged(1),
            field("producerEpoch", I16),
            field("nextProducerEpoch", I16).since(1).tagged(3),
            field("transactionTimeoutMs", I32),
            field("transactionStatus", I8),
            field(
                "transactionPartitions",
                List(&Struct(&[field("topic", Text), field("partitionIds", List(&I32))])),
            )
            .nullable(),
            field("transactionLastUpdateTimestampMs", I64),
            field("transactionStartTimestampMs", I64),
            field("clientTransactionVersion", I16).since(1).tagged(2),
        ],
    ),
)];

/// A new leader of the metadata log.
pub(super) const LEADER_CHANGE: Schema = flexible(
    1,
    0,
    &[
        field("version", I16),
        field("leaderId", I32),
        field("voters", List(&VOTER)),
        field("grantingVoters", List(&VOTER)),
    ],
);

const VOTER: super::schema::Kind =
    Struct(&[field("voterId", I32), field("voterDirectoryId", Uuid).since(1)]);

/// In front of a snapshot.
pub(super) const SNAPSHOT_HEADER: Schema =
    flexible(0, 0, &[field("version", I16), field("lastContainedLogTimestamp", I64)]);

/// Behind a snapshot.
pub(super) const SNAPSHOT_FOOTER: Schema = flexible(0, 0, &[field("version", I16)]);

/// The version of KRaft in use.
pub(super) const KRAFT_VERSION: Schema =
    flexible(0, 0, &[field("version", I16), field("kRaftVersion", I16)]);

/// Who votes.
pub(super) const KRAFT_VOTERS: Schema = flexible(
    0,
    0,
    &[
        field("version", I16),
        field(
            "voters",
            List(&Struct(&[
                field("voterId", I32),
                field("voterDirectoryId", Uuid),
                field(
                    "endpoints",
                    List(&Struct(&[field("name", Text), field("host", Text), field("port", U16)])),
                ),
                field(
                    "kRaftVersionFeature",
                    Struct(&[field("minSupportedVersion", I16), field("maxSupportedVersion", I16)]),
                ),
            ])),
        ),
    ],
);
