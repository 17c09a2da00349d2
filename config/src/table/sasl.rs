//! Keys about SASL.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key(
        "sasl.client.callback.handler.class",
        Kind::Class,
        "The Java class that answers what SASL asks a client.",
    )
    .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.enabled.mechanisms", Kind::List, "The SASL mechanisms that are offered.")
        .default("GSSAPI")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .per_broker()
        .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.jaas.config", Kind::Password, "Login modules and their options.")
        .per_broker()
        .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.kerberos.kinit.cmd", Kind::String, "Where kinit is.")
        .default("/usr/bin/kinit")
        .per_broker()
        .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.kerberos.min.time.before.relogin",
        Kind::Long,
        "How long to wait between two Kerberos logins.",
    )
    .default("60000")
    .per_broker()
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.kerberos.principal.to.local.rules",
        Kind::List,
        "How Kerberos names become user names.",
    )
    .default("DEFAULT")
    .rule(Rule::Members(&[], MayBeEmpty::Yes))
    .per_broker()
    .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.kerberos.service.name", Kind::String, "The Kerberos name of the service.")
        .per_broker()
        .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.kerberos.ticket.renew.jitter",
        Kind::Double,
        "How much the time of a renewal varies at random.",
    )
    .default("0.05")
    .per_broker()
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.kerberos.ticket.renew.window.factor",
        Kind::Double,
        "After which part of its life a ticket is renewed.",
    )
    .default("0.8")
    .per_broker()
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.login.callback.handler.class",
        Kind::Class,
        "The Java class that answers what a login asks.",
    )
    .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.login.class", Kind::Class, "The Java class that logs in.")
        .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.login.connect.timeout.ms",
        Kind::Int,
        "How long connecting to an identity provider may take.",
    )
    .low()
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.login.read.timeout.ms",
        Kind::Int,
        "How long reading from an identity provider may take.",
    )
    .low()
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.login.refresh.buffer.seconds",
        Kind::Short,
        "How long before its end a credential is renewed at the latest.",
    )
    .default("300")
    .per_broker()
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.login.refresh.min.period.seconds",
        Kind::Short,
        "How long to wait between two renewals.",
    )
    .default("60")
    .per_broker()
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.login.refresh.window.factor",
        Kind::Double,
        "After which part of its life a credential is renewed.",
    )
    .default("0.8")
    .per_broker()
    .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.login.refresh.window.jitter", Kind::Double, "How much that varies at random.")
        .default("0.05")
        .per_broker()
        .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.login.retry.backoff.max.ms",
        Kind::Long,
        "The longest wait before a login is repeated.",
    )
    .default("10000")
    .low()
    .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.login.retry.backoff.ms", Kind::Long, "How long to wait before a login is repeated.")
        .default("100")
        .low()
        .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.mechanism.controller.protocol",
        Kind::String,
        "The SASL mechanism used with controllers.",
    )
    .default("GSSAPI")
    .high()
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.mechanism.inter.broker.protocol",
        Kind::String,
        "The SASL mechanism used between brokers.",
    )
    .default("GSSAPI")
    .per_broker()
    .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.oauthbearer.assertion.algorithm", Kind::String, "How an assertion is signed.")
        .default("RS256")
        .rule(Rule::OneOfAnyCase(&["ES256", "RS256"]))
        .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.oauthbearer.assertion.claim.aud", Kind::String, "The audience an assertion names.")
        .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.oauthbearer.assertion.claim.exp.seconds", Kind::Int, "How long an assertion holds.")
        .default("300")
        .between(0, 86400)
        .low()
        .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.oauthbearer.assertion.claim.iss", Kind::String, "The issuer an assertion names.")
        .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.oauthbearer.assertion.claim.jti.include",
        Kind::Boolean,
        "Whether an assertion has an id of its own.",
    )
    .default("false")
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.oauthbearer.assertion.claim.nbf.seconds",
        Kind::Int,
        "How far back an assertion begins to hold.",
    )
    .default("60")
    .between(0, 3600)
    .low()
    .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.oauthbearer.assertion.claim.sub", Kind::String, "The subject an assertion names.")
        .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.oauthbearer.assertion.file", Kind::String, "A file that holds a ready assertion.")
        .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.oauthbearer.assertion.private.key.file",
        Kind::String,
        "The key that assertions are signed with.",
    )
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.oauthbearer.assertion.private.key.passphrase",
        Kind::Password,
        "The pass phrase of that key.",
    )
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.oauthbearer.assertion.template.file",
        Kind::String,
        "A file with more headers and claims for assertions.",
    )
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.oauthbearer.client.credentials.client.id",
        Kind::String,
        "The client id shown to an identity provider.",
    )
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.oauthbearer.client.credentials.client.secret",
        Kind::Password,
        "The secret that goes with it.",
    )
    .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.oauthbearer.clock.skew.seconds", Kind::Int, "How far clocks may differ.")
        .default("30")
        .low()
        .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.oauthbearer.expected.audience", Kind::List, "The audiences a token may be for.")
        .default("")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .low()
        .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.oauthbearer.expected.issuer", Kind::String, "Who must have issued a token.")
        .low()
        .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.oauthbearer.jwks.endpoint.refresh.ms",
        Kind::Long,
        "How often the keys of an identity provider are read again.",
    )
    .default("3600000")
    .low()
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms",
        Kind::Long,
        "The longest wait before reading keys is repeated.",
    )
    .default("10000")
    .low()
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms",
        Kind::Long,
        "How long to wait before reading keys is repeated.",
    )
    .default("100")
    .low()
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.oauthbearer.jwks.endpoint.url",
        Kind::String,
        "Where the keys of an identity provider are.",
    )
    .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.oauthbearer.jwt.retriever.class", Kind::Class, "The Java class that gets tokens.")
        .default("org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever")
        .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.oauthbearer.jwt.validator.class", Kind::Class, "The Java class that checks tokens.")
        .default("org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator")
        .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.oauthbearer.scope", Kind::String, "The scope asked for.")
        .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.oauthbearer.scope.claim.name", Kind::String, "The claim that holds the scope.")
        .default("scope")
        .low()
        .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.oauthbearer.sub.claim.name", Kind::String, "The claim that holds the user's name.")
        .default("sub")
        .low()
        .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.oauthbearer.token.endpoint.url", Kind::String, "Where tokens are got.")
        .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "sasl.server.callback.handler.class",
        Kind::Class,
        "The Java class that answers what SASL asks a server.",
    )
    .noted("no effect yet; SASL listeners cannot be served."),
    key("sasl.server.max.receive.size", Kind::Int, "The largest message during a SASL login.")
        .default("524288")
        .noted("no effect yet; SASL listeners cannot be served."),
];
