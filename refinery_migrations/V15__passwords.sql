-- Passwords of people who sign up here, where the host project has no log-in to share.

create table chat.passwords (
    user_id     uuid primary key references chat.users on delete restrict,
    hash        text not null,
    email       text,
    created_at  timestamptz not null,
    changed_at  timestamptz not null
);

comment on table chat.passwords is 'How people log in who have a password here. For the server alone.';
comment on column chat.passwords.user_id is 'Whose it is; they log in by their username.';
comment on column chat.passwords.hash is 'Argon2id, as a PHC string.';
comment on column chat.passwords.email is 'As given, at most 254 characters; nothing is sent there, and nobody is told of it.';
comment on column chat.passwords.created_at is 'When the user signed up.';
comment on column chat.passwords.changed_at is 'When the password was set, the last time.';
