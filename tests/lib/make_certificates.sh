#!/bin/sh
# Certificates for tests of TLS, made by the openssl command: make_certificates.sh DIRECTORY
#
#   ca.pem                   the CA           other.pem   another CA, which signed nothing here
#   node.pem, node.key       CN node.weir     stranger.pem, stranger.key   the same name, by the other CA
#   expired.pem, expired.key a certificate of the CA whose time is over
set -eu
cd "$1"
umask 077

authority() { # NAME
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
        -keyout "$1.key" -out "$1.pem"
}

certificate() { # NAME AUTHORITY DAYS
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=node.weir \
        -keyout "$1.key" -out "$1.csr"
    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days "$3" -out "$1.pem"
}

{
    authority ca
    authority other
    certificate node ca 2
    certificate stranger other 2
    certificate expired ca -1
} >openssl.log 2>&1 || {
    cat openssl.log >&2
    exit 1
}
