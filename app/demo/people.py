"""Who works and who is seen at the demo clinic: names, words and working weeks. Only data."""

from __future__ import annotations

from dataclasses import dataclass

Week = dict[int, tuple[str, ...]]  # ISO weekday: intervals on the wall

FULL: Week = dict.fromkeys(range(1, 6), ("09:00-12:30", "13:30-17:00"))
LONG: Week = dict.fromkeys(range(1, 6), ("08:00-12:30", "13:30-18:00"))
EARLY: Week = dict.fromkeys(range(1, 6), ("07:00-12:00", "12:30-15:00"))
MORNINGS: Week = dict.fromkeys(range(1, 6), ("08:00-12:30",))
EVENINGS: Week = dict.fromkeys(range(1, 5), ("15:00-17:30", "18:00-20:30"))
THREE_DAYS: Week = dict.fromkeys((1, 3, 4), ("09:00-13:00", "14:00-18:00"))
TO_SATURDAY: Week = {
    **dict.fromkeys(range(2, 6), ("10:00-13:00", "14:00-18:30")),
    6: ("09:00-13:00",),
}
MONDAY_TUESDAY: Week = dict.fromkeys((1, 2), ("09:00-12:30", "13:30-17:00"))
THURSDAY_FRIDAY: Week = dict.fromkeys((4, 5), ("08:30-12:00", "13:00-16:30"))

MITTE, ALSTER, CHIADO = "mitte", "alster", "chiado"


@dataclass(frozen=True, slots=True)
class Colleague:
    """A doctor of the demo. `visits` are names of visit types; `demand` is how much of the week
    gets booked, from nothing (0) to everything (1)."""

    name: str
    specialties: str
    languages: str
    weeks: tuple[tuple[str, Week], ...]
    visits: str
    demand: float
    about: str
    title: str = "Dr."


GP = "Short check-up, First visit, Follow-up, Vaccination, Video consultation"
GP_AND_MORE = f"{GP}, Full examination, Second opinion"
HEART = "First visit, Heart check with ECG, Follow-up, Second opinion"
SKIN = "Skin check, Follow-up, First visit"
CHILD = "Well-child visit, Vaccination, Short check-up, Video consultation"
BONES = "First visit, Follow-up, Full examination"
WOMEN = "First visit, Follow-up, Full examination, Video consultation"
NERVES = "First visit, Full examination, Second opinion"
MIND = "Talking therapy online, First conversation"

# The first one is the doctor who signs in.
DOCTORS = (
    Colleague(
        "Clara Winter",
        "General practice",
        "de en fr",
        ((MITTE, LONG),),
        GP_AND_MORE,
        0.75,
        "Family doctor for every age. I take time to explain what I find, and I would rather "
        "see you once too often than once too late.",
    ),
    Colleague(
        "Jonas Albrecht",
        "General practice",
        "de en",
        ((MITTE, EARLY),),
        GP,
        0.35,
        "The early bird of the practice: my first visits are before most people start work.",
    ),
    Colleague(
        "Amira Haddad",
        "General practice",
        "ar de en fr",
        ((MITTE, EVENINGS),),
        GP,
        0.5,
        "I run the evening clinic, for everybody who cannot get away during the day.",
    ),
    Colleague(
        "Sofia Lindqvist",
        "Cardiology",
        "de en sv",
        ((MITTE, FULL),),
        HEART,
        0.45,
        "Heart rhythm is my field. Bring older ECGs; the comparison often tells the most.",
    ),
    Colleague(
        "Henrik Vogel",
        "Cardiology, General practice",
        "de en",
        ((MITTE, MONDAY_TUESDAY), (ALSTER, THURSDAY_FRIDAY)),
        HEART,
        0.4,
        "I see people in Berlin and in Hamburg and know my way around the train.",
        "Prof. Dr.",
    ),
    Colleague(
        "Mei Tanaka",
        "Dermatology",
        "de en ja",
        ((MITTE, THREE_DAYS),),
        SKIN,
        0.9,
        "Skin checks, moles and stubborn rashes. I photograph what we should watch.",
    ),
    Colleague(
        "Paul Kowalski",
        "Dermatology",
        "de en pl",
        ((ALSTER, FULL),),
        SKIN,
        0.3,
        "Twenty years of skin, from acne to age spots. Nothing is too small to ask.",
    ),
    Colleague(
        "Leonie Brandt",
        "Paediatrics",
        "de en",
        ((MITTE, MORNINGS),),
        CHILD,
        0.6,
        "Mornings for the little ones, with a fish tank and no white coat.",
    ),
    Colleague(
        "Emre Yıldız",
        "Paediatrics",
        "de en tr",
        ((ALSTER, LONG),),
        CHILD,
        0.3,
        "Father of three and a children's doctor; I have heard every question before.",
    ),
    Colleague(
        "Katharina von Hohenberg-Steinmetz",
        "Orthopaedics",
        "de en nl",
        ((MITTE, FULL),),
        BONES,
        0.25,
        "Knees, hips and backs. I operate only when exercise has had its chance.",
    ),
    Colleague(
        "Mateo Fernández",
        "Orthopaedics",
        "de en es",
        ((ALSTER, TO_SATURDAY),),
        BONES,
        0.3,
        "Sports injuries, also on Saturdays, when most of them happen.",
    ),
    Colleague(
        "Ingrid Solberg",
        "Gynaecology",
        "da de en no",
        ((ALSTER, THREE_DAYS),),
        WOMEN,
        0.45,
        "Calm, unhurried visits. Tell me beforehand if you would like someone with you.",
    ),
    Colleague(
        "Nadia Petrova",
        "Gynaecology",
        "de en ru uk",
        ((MITTE, FULL),),
        WOMEN,
        0.35,
        "Prevention, pregnancy and the change of life. Many questions fit a video visit.",
    ),
    Colleague(
        "Samuel Okafor",
        "Neurology",
        "de en",
        ((MITTE, FULL),),
        NERVES,
        0.2,
        "Headache, dizziness and everything that tingles. Please keep a diary for a week.",
    ),
    Colleague(
        "Elena Rossi",
        "Neurology",
        "de en it",
        ((ALSTER, MORNINGS),),
        NERVES,
        0.3,
        "Part-time neurologist, full-time listener. The history is half of the diagnosis.",
    ),
    Colleague(
        "Hannah Weiss",
        "Psychotherapy",
        "de en he",
        ((MITTE, EVENINGS),),
        MIND,
        0.5,
        "Talking helps, and it can happen at home: most of my hours are online.",
    ),
    Colleague(
        "Tobias Kern",
        "Psychotherapy",
        "de en",
        ((ALSTER, THREE_DAYS),),
        MIND,
        0.35,
        "Short-term therapy for sleep, stress and fear. The first talk is without obligation.",
        "",
    ),
    Colleague(
        "João Carvalho",
        "General practice",
        "en es pt",
        ((CHIADO, FULL),),
        GP,
        0.4,
        "Family doctor in the heart of Lisbon. Walk up the hill and you are half examined.",
    ),
    Colleague(
        "Beatriz Almeida",
        "Dermatology",
        "en fr pt",
        ((CHIADO, TO_SATURDAY),),
        SKIN,
        0.4,
        "Sun, sea and skin: checks for everybody who lives by the Atlantic.",
    ),
    Colleague(
        "Rui Monteiro",
        "Cardiology",
        "en pt",
        ((CHIADO, THREE_DAYS),),
        HEART,
        0.3,
        "Blood pressure, rhythm and prevention, with a plan that you can keep.",
    ),
    Colleague(
        "Inês Figueiredo",
        "Paediatrics",
        "en pt",
        ((CHIADO, EARLY),),
        CHILD,
        0.3,
        "From the first check to the first shaving cut. Siblings may come along.",
    ),
    Colleague(
        "Oliver Bennett",
        "Orthopaedics, Neurology",
        "en pt",
        ((CHIADO, FULL),),
        BONES,
        0.15,
        "Backs and nerves belong together; so I look after both.",
    ),
    Colleague(
        "Marta Sousa",
        "Gynaecology",
        "en es pt",
        ((CHIADO, MORNINGS),),
        WOMEN,
        0.35,
        "Mornings in Chiado, clear words, and time for the second question.",
    ),
    Colleague(
        "Pierre Lambert",
        "Psychotherapy",
        "en fr pt",
        ((CHIADO, EVENINGS),),
        MIND,
        0.0,
        "New at the clinic. My evenings are still free, online and on the sofa.",
        "",
    ),
)

WAITING = (
    Colleague(
        "Aylin Demir",
        "Cardiology",
        "de en tr",
        ((ALSTER, FULL),),
        HEART,
        0.0,
        "Ten years at the university hospital; now closer to the people.",
    ),
    Colleague(
        "Vincent Moreau",
        "General practice",
        "de en fr",
        ((MITTE, MORNINGS),),
        GP,
        0.0,
        "Family doctor, back in Berlin after some years in Lyon.",
    ),
)

ADMIN = "Andrea Fuchs"
DEMO_PATIENT = "Robin Sommer"

FIRST_NAMES = (
    "Anna Ben Carla David Ella Felix Greta Hugo Ida Jakob Klara Leon Mila Noah Olga Philipp "
    "Rosa Simon Tara Uwe Vera Willem Yara Zoe Aylin Bruno Chiara Daniel Esra Finn Giulia Hamid "
    "Isabel José Kemal Lúcia Miguel Nora Omar Priya"
)
LAST_NAMES = (
    "Müller Schmidt Fischer Weber Becker Schulz Koch Richter Wolf Neumann Schwarz Zimmermann "
    "Braun Krüger Hofmann Hartmann Lange Krause Lehmann Köhler Silva Santos Ferreira Pereira "
    "Costa Oliveira Nguyen Kaya Öztürk Kovács Novak Jensen Rossi Dubois Ivanova Cohen"
)

REASONS = (
    "Blood pressure has been high at home",
    "Cough for two weeks, no fever",
    "Check before a long journey",
    "The knee hurts on stairs",
    "Renewal of a prescription, and one question about it",
    "A mole that has changed",
    "Headache almost every day",
    "Results of the last blood test",
    "Sleeping badly since summer",
    "My insurance asks for a check-up",
    "Back pain after moving house",
    "Vaccination booklet is incomplete",
    "",
    "",
)
PATIENT_CANCELS = ("I am away that day", "Feeling better", "Could not get off work", "")
CLINIC_CANCELS = ("The doctor is ill", "The device is being repaired")
