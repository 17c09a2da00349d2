//! Keys about TLS.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key("ssl.allow.dn.changes", Kind::Boolean, "Whether a new certificate may have another name.")
        .default("false")
        .low()
        .noted("no effect yet; TLS listeners cannot be served."),
    key(
        "ssl.allow.san.changes",
        Kind::Boolean,
        "Whether a new certificate may have other alternative names.",
    )
    .default("false")
    .low()
    .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.cipher.suites", Kind::List, "The ciphers allowed.")
        .default("")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.client.auth", Kind::String, "Whether clients must show a certificate.")
        .default("none")
        .rule(Rule::OneOf(&["required", "requested", "none"]))
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.enabled.protocols", Kind::List, "The TLS versions allowed.")
        .default("TLSv1.2,TLSv1.3")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.endpoint.identification.algorithm", Kind::String, "How host names are checked.")
        .default("https")
        .low()
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.engine.factory.class", Kind::Class, "The Java class that makes TLS engines.")
        .low()
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.key.password", Kind::Password, "The password of the private key.")
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.keymanager.algorithm", Kind::String, "How keys are managed.")
        .default("SunX509")
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.keystore.certificate.chain", Kind::Password, "The certificates, as text.")
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.keystore.key", Kind::Password, "The private key, as text.")
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.keystore.location", Kind::String, "The file of the private key and its certificates.")
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.keystore.password", Kind::Password, "The password of that file.")
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.keystore.type", Kind::String, "The format of that file.")
        .default("JKS")
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.principal.mapping.rules", Kind::String, "How certificate names become user names.")
        .default("DEFAULT")
        .low()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.protocol", Kind::String, "The TLS version spoken.")
        .default("TLSv1.3")
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.provider", Kind::String, "The Java security provider used.")
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.secure.random.implementation", Kind::String, "The source of random numbers.")
        .low()
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.trustmanager.algorithm", Kind::String, "How trust is managed.")
        .default("PKIX")
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.truststore.certificates", Kind::Password, "The trusted certificates, as text.")
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.truststore.location", Kind::String, "The file of trusted certificates.")
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.truststore.password", Kind::Password, "The password of that file.")
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
    key("ssl.truststore.type", Kind::String, "The format of that file.")
        .default("JKS")
        .per_broker()
        .noted("no effect yet; TLS listeners cannot be served."),
];
