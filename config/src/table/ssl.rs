//! Keys about TLS.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key("ssl.allow.dn.changes", Kind::Boolean, "").default("false").low().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.allow.san.changes", Kind::Boolean, "").default("false").low().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.cipher.suites", Kind::List, "")
        .default("")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .per_broker()
        .noted(
            "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("ssl.client.auth", Kind::String, "")
        .default("none")
        .rule(Rule::OneOf(&["required", "requested", "none"]))
        .per_broker()
        .noted(
            "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("ssl.enabled.protocols", Kind::List, "")
        .default("TLSv1.2,TLSv1.3")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .per_broker()
        .noted(
            "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("ssl.endpoint.identification.algorithm", Kind::String, "")
        .default("https")
        .low()
        .per_broker()
        .noted(
            "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
        ),
    key("ssl.engine.factory.class", Kind::Class, "").low().per_broker().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.key.password", Kind::Password, "").per_broker().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.keymanager.algorithm", Kind::String, "").default("SunX509").per_broker().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.keystore.certificate.chain", Kind::Password, "").per_broker().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.keystore.key", Kind::Password, "").per_broker().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.keystore.location", Kind::String, "").per_broker().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.keystore.password", Kind::Password, "").per_broker().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.keystore.type", Kind::String, "").default("JKS").per_broker().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.principal.mapping.rules", Kind::String, "").default("DEFAULT").low().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.protocol", Kind::String, "").default("TLSv1.3").per_broker().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.provider", Kind::String, "").per_broker().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.secure.random.implementation", Kind::String, "").low().per_broker().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.trustmanager.algorithm", Kind::String, "").default("PKIX").per_broker().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.truststore.certificates", Kind::Password, "").per_broker().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.truststore.location", Kind::String, "").per_broker().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.truststore.password", Kind::Password, "").per_broker().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
    key("ssl.truststore.type", Kind::String, "").default("JKS").per_broker().noted(
        "TLS listeners cannot be served yet: the value is checked and kept, nothing \
         more.",
    ),
];
