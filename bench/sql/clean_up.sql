set client_min_messages = warning;
drop schema if exists bench cascade;
