"""Invented names: plausible French words that are no real place.

A name is an article and a word, as in the *code officiel géographique*: the article is coded
(``TNCC``), the word is written rich (``NCCENR``) and poor (``NCC``), both together are the label.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

ARTICLES = ("", "", "Le ", "La ", "Les ", "L'")
"""Article by ``TNCC``; 1 marks a name without article that starts with a vowel."""

VOWELS = "AEIOUÀÂÉÈÊÎÔÛŒ"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


STARTS = _words(
    "Abréz Aigrev Aldour Ambroll Argueb Aubrez Avrond Balzièr Barquev Bélouv Bessarg Blaizon "
    "Bormand Bouzergn Brézol Brumeill Calvandr Chabrouz Champlour Chaudrev Clarouv Combrez Corgnol "
    "Coussandr Crébill Damprev Donzarg Drouvand Échaud Embrezol Escarbouv Esprez Étrouv Falgour "
    "Ferrouz Flaviouz Fontabr Fourquand Frébouv Galvez Garrebouss Germalv Glandouv Gourdiev "
    "Grandrouv Grezouill Guéboul Havrez Hercouv Hortandr Huberz Jabrouss Jonquerz Joubrand Lambrez "
    "Larquez Lévrouz Limbrez Lormand Luzergn Malbrouss Marquiev Mérouv Mirabouz Montrebr Mourguev "
    "Narcouz Néboul Nozerand Olbrez Orgueb Ouzergn Palandr Péribouz Pierrouv Plaizand Pontabr "
    "Pradouv Quérouv Quincarg Rébouss Rivaldr Rochabr Roumerg Sabrouz Salvand Sarquev Sérouill "
    "Sombrez Tarcouz Térouv Thibouz Tournebr Trébouss Ubrez Urcouv Valdrouz Varquez Verdouill "
    "Vézouv Vilabr Vouzerg Yvrouz"
)
ENDS = _words(
    "ac ade aie ailles an anges ans ar as ay e é elle elles en ency ens er ères erres es et euil "
    "eux ey iac ie ière ières iers ies ieux ignan ignac igny in ine ines ins is ois oles olles on "
    "onne onnes onnet ons ot oux y"
)
RIVERS = _words(
    "Ourvie Brézanne Calvette Dormoise-Neuve Échaille Folvière Garmance Hérouse Ivraise Jolvanne "
    "Lurende Morvaize Nérouse Olvette Pérance Quinze-Fonts Rouvère Sarmande Tréolle Ulvance "
    "Vaudrenne Yvonnance Azerelle-Haute Bélorme Cérouse Drivonne Essarde Fauconne Grivelle Huvanne"
)
SAINTS = _words(
    "Abrinel Aldouin Barnufle Calvaire Domnissel Éloudin Ferjol Gaudrin Herboulf Ildegonde "
    "Joubert-Roux Landrezy Mérovie Nicaudin Orbadour Perrevin Quentrez Romblard Savignol Théodras "
    "Ubalz Véranne Wilfrezy Yvrenon Zénobin"
)
QUALITIES = _words(
    "-le-Vieux -le-Grand -le-Petit -la-Forêt -les-Bains -les-Étangs -aux-Bois -la-Garde "
    "-le-Château -d'En-Haut -d'En-Bas -en-Plaine"
)


@dataclass(frozen=True)
class Name:
    """A place's name: ``tncc`` codes its article, ``rich`` is the word with accents."""

    tncc: int
    rich: str

    @cached_property
    def label(self) -> str:
        """Name with its article, as on a map (``LIBELLE``)."""
        return ARTICLES[self.tncc] + self.rich

    @cached_property
    def poor(self) -> str:
        """Upper case without accents, apostrophes and hyphens (``NCC``)."""
        plain = self.rich.replace("œ", "oe").translate(str.maketrans("-'", "  "))
        letters = unicodedata.normalize("NFD", plain.upper())
        return "".join(letter for letter in letters if not unicodedata.combining(letter))


def named(label: str) -> Name:
    """The name a label stands for: ``named("Les Hauts-Orvals")`` has article 4."""
    for tncc in (2, 3, 4, 5):
        if label.startswith(ARTICLES[tncc]):
            return Name(tncc, label.removeprefix(ARTICLES[tncc]))
    return Name(int(label[0] in VOWELS), label)


FORMS = (
    *(f"{{}}-sur-{river}" for river in RIVERS),
    *(f"Saint-{saint}-de-{{}}" for saint in SAINTS),
    *(f"{{}}{quality}" for quality in QUALITIES),
    *(f"{{}}-en-{river}" for river in RIVERS),
    *(f"Sainte-{saint}-{{}}" for saint in SAINTS[1::2]),
)


def elide(label: str) -> str:
    """A label where ``de`` meets a vowel as French has it: ``Pays d'Aldour``."""
    return re.sub(rf"\bde[ -](?=[{VOWELS}])", "d'", label)


def invent(count: int, rng: np.random.Generator) -> list[Name]:
    """``count`` different names: one word in four stands alone, the others are compounds."""
    words = [start + end for start in STARTS for end in ENDS]
    if count > len(words) * len(FORMS):
        raise ValueError(f"no more than {len(words) * len(FORMS)} names can be invented")
    rng.shuffle(words)
    return [_compose(words[i % len(words)], i % len(words), i // len(words)) for i in range(count)]


def _compose(word: str, rank: int, turn: int) -> Name:
    """The name of a word's ``turn``-th use: never twice the same form for the same word."""
    if turn == 0 and rank % 4 == 0:
        return named(_with_article(word, rank // 4))
    return named(elide(FORMS[(rank + turn) % len(FORMS)].format(word)))


def _with_article(word: str, rank: int) -> str:
    """One lone word in five takes an article."""
    if rank % 5:
        return word
    return f"L'{word}" if word[0] in VOWELS else ARTICLES[2 + rank // 5 % 3] + word


def name_columns(names: Iterable[Name], suffix: str = "") -> dict[str, list[str]]:
    """The four columns of names: ``tncc, poor, rich, label``."""
    names = list(names)
    return {
        f"tncc{suffix}": [str(name.tncc) for name in names],
        f"poor{suffix}": [name.poor for name in names],
        f"rich{suffix}": [name.rich for name in names],
        f"label{suffix}": [name.label for name in names],
    }
