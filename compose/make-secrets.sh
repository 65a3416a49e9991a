#!/bin/sh
# Makes the stack's passwords and tokens on the first start and keeps them: none is in the repository, none need be chosen.
set -eu
umask 022
cd "${SECRETS_DIR:-/secrets}"

random() { head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
# Written whole and then put in place, so that a start that was cut off leaves nothing half.
put() { printf '%s' "$2" > "$1.new" && mv "$1.new" "$1"; }
keep() { [ -s "$1" ] || put "$1" "$(random)"; }

for name in admin_token faultline_secret grafana_password postgres_password; do keep "$name"; done
put database_url "postgres://faultline:$(cat postgres_password)@postgres:5432/faultline"

# Yours where it is set. An invented one otherwise: enough for `faultline replay`, Twilio does not know it.
if [ -n "${TWILIO_AUTH_TOKEN:-}" ]; then put twilio_auth_token "$TWILIO_AUTH_TOKEN"; else keep twilio_auth_token; fi
