//! Keys about SASL.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key("sasl.client.callback.handler.class", Kind::Class, "").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.enabled.mechanisms", Kind::List, "")
        .default("GSSAPI")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .per_broker()
        .noted(
            "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("sasl.jaas.config", Kind::Password, "").per_broker().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.kerberos.kinit.cmd", Kind::String, "").default("/usr/bin/kinit").per_broker().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.kerberos.min.time.before.relogin", Kind::Long, "")
        .default("60000")
        .per_broker()
        .noted(
            "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("sasl.kerberos.principal.to.local.rules", Kind::List, "")
        .default("DEFAULT")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .per_broker()
        .noted(
            "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("sasl.kerberos.service.name", Kind::String, "").per_broker().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.kerberos.ticket.renew.jitter", Kind::Double, "").default("0.05").per_broker().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.kerberos.ticket.renew.window.factor", Kind::Double, "")
        .default("0.8")
        .per_broker()
        .noted(
            "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("sasl.login.callback.handler.class", Kind::Class, "").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.login.class", Kind::Class, "").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.login.connect.timeout.ms", Kind::Int, "").low().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.login.read.timeout.ms", Kind::Int, "").low().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.login.refresh.buffer.seconds", Kind::Short, "").default("300").per_broker().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.login.refresh.min.period.seconds", Kind::Short, "").default("60").per_broker().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.login.refresh.window.factor", Kind::Double, "").default("0.8").per_broker().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.login.refresh.window.jitter", Kind::Double, "").default("0.05").per_broker().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.login.retry.backoff.max.ms", Kind::Long, "").default("10000").low().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.login.retry.backoff.ms", Kind::Long, "").default("100").low().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.mechanism.controller.protocol", Kind::String, "").default("GSSAPI").high().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.mechanism.inter.broker.protocol", Kind::String, "")
        .default("GSSAPI")
        .per_broker()
        .noted(
            "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("sasl.oauthbearer.assertion.algorithm", Kind::String, "")
        .default("RS256")
        .rule(Rule::OneOfAnyCase(&["ES256", "RS256"]))
        .noted(
            "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("sasl.oauthbearer.assertion.claim.aud", Kind::String, "").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.oauthbearer.assertion.claim.exp.seconds", Kind::Int, "")
        .default("300")
        .between(0, 86400)
        .low()
        .noted(
            "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("sasl.oauthbearer.assertion.claim.iss", Kind::String, "").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.oauthbearer.assertion.claim.jti.include", Kind::Boolean, "").default("false").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.oauthbearer.assertion.claim.nbf.seconds", Kind::Int, "")
        .default("60")
        .between(0, 3600)
        .low()
        .noted(
            "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("sasl.oauthbearer.assertion.claim.sub", Kind::String, "").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.oauthbearer.assertion.file", Kind::String, "").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.oauthbearer.assertion.private.key.file", Kind::String, "").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.oauthbearer.assertion.private.key.passphrase", Kind::Password, "").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.oauthbearer.assertion.template.file", Kind::String, "").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.oauthbearer.client.credentials.client.id", Kind::String, "").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.oauthbearer.client.credentials.client.secret", Kind::Password, "").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.oauthbearer.clock.skew.seconds", Kind::Int, "").default("30").low().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.oauthbearer.expected.audience", Kind::List, "")
        .default("")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .low()
        .noted(
            "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("sasl.oauthbearer.expected.issuer", Kind::String, "").low().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.oauthbearer.jwks.endpoint.refresh.ms", Kind::Long, "")
        .default("3600000")
        .low()
        .noted(
            "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", Kind::Long, "")
        .default("10000")
        .low()
        .noted(
            "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", Kind::Long, "")
        .default("100")
        .low()
        .noted(
            "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("sasl.oauthbearer.jwks.endpoint.url", Kind::String, "").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.oauthbearer.jwt.retriever.class", Kind::Class, "")
        .default("org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever")
        .noted(
            "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("sasl.oauthbearer.jwt.validator.class", Kind::Class, "")
        .default("org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator")
        .noted(
            "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("sasl.oauthbearer.scope", Kind::String, "").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.oauthbearer.scope.claim.name", Kind::String, "").default("scope").low().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.oauthbearer.sub.claim.name", Kind::String, "").default("sub").low().noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.oauthbearer.token.endpoint.url", Kind::String, "").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.server.callback.handler.class", Kind::Class, "").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("sasl.server.max.receive.size", Kind::Int, "").default("524288").noted(
        "SASL listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
];
