-- S001: the one platform admin.
select md5('pgschema:persona:platform-admin')::uuid as user_id;
