"""The made-up company's sites and the names of its people. Every name is invented by combination."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Site:
    """A place of work: its language, its share of the teams, and the names usual there."""

    name: str
    language: str
    teams: int
    given: str
    family: str

    def given_names(self) -> list[str]:
        """Return the first names."""
        return self.given.split()

    def family_names(self) -> list[str]:
        """Return the last names."""
        return self.family.split()


SITES: tuple[Site, ...] = (
    Site(
        "Göteborg",
        "sv",
        14,
        "Saga Elsa Astrid Maja Ebba Signe Tuva Linnea Nils Axel Olle Viggo Hugo Sixten",
        "Lindqvist Sandberg Ekholm Nyström Wallin Hedlund Sjöberg Åkesson Ström Bäck",
    ),
    Site(
        "Utrecht",
        "nl",
        12,
        "Fenna Sanne Lotte Roos Femke Anouk Jet Bram Daan Thijs Sem Joris Ruben Gijs",
        "Dijkstra Veldman Kuipers Hoekstra Brouwer Postma Smeets Verhoeven Kok Mulder",
    ),
    Site(
        "Bergen",
        "nb",
        8,
        "Ingrid Sunniva Frida Tiril Maren Synne Jorunn Eirik Sondre Håkon Jonas Torbjørn",
        "Solheim Haugland Fossen Bakken Nygård Lunde Myhre Tveit Aasen Hovland",
    ),
    Site(
        "Aarhus",
        "da",
        6,
        "Freja Karla Alma Clara Ida Lærke Mille Emil Oskar Malthe Villads Magnus",
        "Kjærgaard Bruun Skov Dalgaard Krogh Winther Nørgaard Bech Holst Toft",
    ),
)
