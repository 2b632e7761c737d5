-- S003: what a peer mentor can register. The migration inserts the same rows; this puts right what
-- was edited or lost since. A test compares the two.
select
    t.code,
    t.label_nb,
    t.label_nn,
    t.label_en,
    t.category,
    true as active
from
    (
        values
        ('outreach_visit', 'Oppsøkende besøk', 'Oppsøkjande besøk', 'Outreach visit', 'outreach'),
        ('conversation_group', 'Samtalegruppe', 'Samtalegruppe', 'Conversation group', 'group'),
        ('activity_group', 'Aktivitetsgruppe', 'Aktivitetsgruppe', 'Activity group', 'group'),
        ('peer_course', 'Likepersonkurs', 'Likepersonkurs', 'Peer course', 'course'),
        ('phone_call', 'Telefonsamtale', 'Telefonsamtale', 'Phone call', 'remote'),
        ('digital_meeting', 'Digitalt møte', 'Digitalt møte', 'Digital meeting', 'remote'),
        ('chat', 'Chat', 'Chat', 'Chat', 'remote'),
        ('hospital_shift', 'Sykehusvakt', 'Sjukehusvakt', 'Hospital shift', 'other'),
        ('board_work', 'Styrearbeid', 'Styrearbeid', 'Board work', 'other'),
        ('other', 'Annet', 'Anna', 'Other', 'other')
    ) as t (code, label_nb, label_nn, label_en, category)
order by t.code;
