"""The texts of `flags`: one table each, a row a code, a column a language."""

from __future__ import annotations

from analytics.telling.numbers import Lang

Texts = dict[str, dict[Lang, str]]


def _row(en: str, sv: str, nl: str) -> dict[Lang, str]:
    return {"en": en, "sv": sv, "nl": nl}


UNKNOWN: dict[Lang, str] = _row(
    "the numbers do not suffice", "siffrorna räcker inte", "de cijfers zijn niet toereikend"
)

CLAUSES: Texts = {
    "nobody_trained": _row(
        "nobody has been trained yet in the time the data covers",
        "ingen har ännu gått utbildningen under den tid som siffrorna täcker",
        "nog niemand is opgeleid in de periode waarover er cijfers zijn",
    ),
    "no_before_period": _row(
        "there are no figures from before the training",
        "det saknas siffror från tiden före utbildningen",
        "er zijn geen cijfers van vóór de training",
    ),
    "no_variation": _row(
        "the outcome is the same everywhere and all the time",
        "utfallet är detsamma överallt och hela tiden",
        "de uitkomst is overal en altijd gelijk",
    ),
    "small_sample": _row(
        "too few people are trained, or too few are left to compare with",
        "för få har gått utbildningen, eller för få finns kvar att jämföra med",
        "te weinig mensen zijn opgeleid, of er zijn er te weinig om mee te vergelijken",
    ),
    "without_noise": _row(
        "nothing in the figures is left to chance, so there is no error to hold the effect against",
        "inget i siffrorna beror på slumpen, så det finns inget fel att mäta effekten mot",
        "niets in de cijfers is toeval, dus is er geen fout om het effect aan af te meten",
    ),
    "no_event_on_a_side": _row(
        "on one of the two sides it has not happened to anybody",
        "på en av de två sidorna har det inte hänt någon",
        "aan een van beide kanten is het niemand overkomen",
    ),
    "short_series": _row(
        "there are too few periods before or after the training",
        "det finns för få perioder före eller efter utbildningen",
        "er zijn te weinig perioden voor of na de training",
    ),
    "no_overlap": _row(
        "nobody untrained is like those who were trained",
        "ingen som inte utbildades liknar dem som gjorde det",
        "niemand zonder training lijkt op wie werd opgeleid",
    ),
    "zeros_left_out": _row(
        "months in which nothing happened seem to be left out of the figures",
        "månader då inget hände tycks saknas i siffrorna",
        "maanden waarin niets gebeurde lijken in de cijfers te ontbreken",
    ),
    "no_comparison_group": _row(
        "everyone was trained, so there is nobody to compare with",
        "alla gick utbildningen, så det finns ingen att jämföra med",
        "iedereen is opgeleid, dus er is niemand om mee te vergelijken",
    ),
    "too_few_to_tell": _row(
        "with so few teams, units or events no effect, however large, could be told from chance",
        "med så få team, enheter eller händelser går ingen effekt, hur stor den än är, att skilja "
        "från slumpen",
        "met zo weinig teams, eenheden of gebeurtenissen is geen enkel effect, hoe groot ook, van "
        "toeval te onderscheiden",
    ),
    "window_not_closed": _row(
        "it is too early, the time that was planned for the effect is not over",
        "det är för tidigt, den tid som planerades för effekten är inte slut",
        "het is te vroeg, de tijd die voor het effect is gepland is nog niet voorbij",
    ),
    "regression_to_the_mean": _row(
        "those who were trained had just had an unusual period, and such a period is mostly "
        "followed by a normal one, with or without training",
        "de som utbildades hade just haft en ovanlig period, och efter en sådan följer oftast en "
        "vanlig, med eller utan utbildning",
        "wie werd opgeleid had net een ongewone periode achter de rug, en daarop volgt meestal een "
        "gewone, met of zonder training",
    ),
    "pretrend": _row(
        "those who were trained were already on another course before the training",
        "de som utbildades var på väg åt ett annat håll redan före utbildningen",
        "wie werd opgeleid ontwikkelde zich vóór de training al anders",
    ),
    "estimators_disagree": _row(
        "the answer changes with the period one counts from",
        "svaret ändras med den period man räknar från",
        "het antwoord verandert met de periode waar men vanaf rekent",
    ),
    "not_robust_to_trend": _row(
        "a development that was already under way could explain the change",
        "en utveckling som redan pågick kan förklara förändringen",
        "een ontwikkeling die al gaande was kan de verandering verklaren",
    ),
    "single_treated_unit": _row(
        "only one unit was trained",
        "bara en enhet utbildades",
        "er is maar één eenheid opgeleid",
    ),
    "few_clusters": _row(
        "fewer than six teams or groups stand on one of the two sides",
        "färre än sex team eller grupper finns på någon av de två sidorna",
        "aan een van beide kanten staan minder dan zes teams of groepen",
    ),
    "poor_overlap": _row(
        "too few of those compared with are like those who were trained",
        "för få av dem man jämför med liknar dem som utbildades",
        "te weinig van de mensen met wie wordt vergeleken lijken op wie werd opgeleid",
    ),
    "selected_comparison": _row(
        "people were chosen, or chose themselves, and there are no earlier figures to allow for it",
        "deltagarna valdes ut, eller valde själva, och det saknas tidigare siffror att räkna bort det med",
        "de deelnemers zijn gekozen, of kozen zelf, en er zijn geen eerdere cijfers om dat te "
        "verrekenen",
    ),
    "unbalanced_draw": _row(
        "the two sides of the draw differed more beforehand than chance explains",
        "lottningens två sidor skilde sig mer på förhand än slumpen förklarar",
        "de twee kanten van de loting verschilden vooraf meer dan het toeval verklaart",
    ),
    "missing_periods": _row(
        "figures are missing for some periods in between",
        "siffror saknas för vissa perioder däremellan",
        "voor sommige tussenliggende perioden ontbreken cijfers",
    ),
    "missing_outcomes": _row(
        "many rows lack the outcome or a covariate",
        "många rader saknar utfallet eller en bakgrundsuppgift",
        "in veel rijen ontbreekt de uitkomst of een achtergrondgegeven",
    ),
    "concurrent_change": _row(
        "something else changed at the same time",
        "något annat ändrades samtidigt",
        "er veranderde tegelijk iets anders",
    ),
    "plan_changed_after_start": _row(
        "the plan was changed after the training had started",
        "planen ändrades efter att utbildningen hade börjat",
        "het plan is gewijzigd nadat de training was begonnen",
    ),
    "immortal_time_handled": _row(
        "people count as trained only from the day they were",
        "var och en räknas som utbildad först från den dag det skedde",
        "ieder telt pas als opgeleid vanaf de dag dat dit zo was",
    ),
    "trained_before_window": _row(
        "some were trained before the figures begin and are left out",
        "några utbildades innan siffrorna börjar och är utelämnade",
        "enkelen zijn opgeleid voordat de cijfers beginnen en zijn weggelaten",
    ),
    "incomplete_left_out": _row(
        "some lack a period, or were not seen before they were trained, and are left out",
        "några saknar en period, eller sågs inte före utbildningen, och är utelämnade",
        "bij sommigen ontbreekt een periode, of zij zijn vóór de training niet gezien; zij zijn "
        "weggelaten",
    ),
}

MEANINGS: Texts = {
    "nobody_trained": _row(
        "There is nothing to measure yet.",
        "Det finns inget att mäta ännu.",
        "Er valt nog niets te meten.",
    ),
    "no_before_period": _row(
        "Without a before, a change cannot be seen.",
        "Utan ett före går det inte att se en förändring.",
        "Zonder een vóór is geen verandering te zien.",
    ),
    "no_variation": _row(
        "Check that the right column was taken.",
        "Kontrollera att rätt kolumn valdes.",
        "Controleer of de juiste kolom is gekozen.",
    ),
    "small_sample": _row(
        "Chance alone could make or hide any difference.",
        "Slumpen ensam kan skapa eller dölja varje skillnad.",
        "Het toeval alleen kan elk verschil maken of verbergen.",
    ),
    "without_noise": _row(
        "Check that the outcome was measured, and not made from who was trained.",
        "Kontrollera att utfallet mättes, och inte gjordes utifrån vilka som utbildades.",
        "Controleer of de uitkomst is gemeten, en niet gemaakt uit wie werd opgeleid.",
    ),
    "no_event_on_a_side": _row(
        "How many times rarer it is cannot be told from nothing.",
        "Hur många gånger mer sällan det händer går inte att säga utifrån ingenting.",
        "Hoeveel keer zeldzamer het is, valt uit niets niet af te leiden.",
    ),
    "short_series": _row(
        "A level and a trend cannot be told from so few figures.",
        "Nivå och trend går inte att skilja åt med så få siffror.",
        "Niveau en trend zijn met zo weinig cijfers niet te onderscheiden.",
    ),
    "no_overlap": _row(
        "There is no fair comparison to be made.",
        "Det går inte att göra någon rättvis jämförelse.",
        "Een eerlijke vergelijking is niet te maken.",
    ),
    "zeros_left_out": _row(
        "The means are then only of those who had one or more, and do not tell how often it happens.",
        "Då gäller medelvärdena bara dem som hade minst en, och säger inte hur ofta det händer.",
        "De gemiddelden gaan dan alleen over wie er minstens één had en zeggen niet hoe vaak het "
        "gebeurt.",
    ),
    "no_comparison_group": _row(
        "Whatever else changed at that time looks like the training's doing.",
        "Allt annat som ändrades då ser ut som utbildningens verk.",
        "Al het andere dat toen veranderde lijkt het werk van de training.",
    ),
    "too_few_to_tell": _row(
        "That nothing was seen says nothing about the training.",
        "Att inget syns säger inget om utbildningen.",
        "Dat er niets te zien is, zegt niets over de training.",
    ),
    "window_not_closed": _row(
        "A verdict now would be a guess.",
        "Ett omdöme nu vore en gissning.",
        "Een oordeel nu zou een gok zijn.",
    ),
    "regression_to_the_mean": _row(
        "The improvement afterwards may be nothing but a return to normal.",
        "Förbättringen efteråt kan vara enbart en återgång till det normala.",
        "De verbetering daarna kan niets anders zijn dan een terugkeer naar normaal.",
    ),
    "pretrend": _row(
        "The difference would have come without the training too.",
        "Skillnaden kunde ha kommit även utan utbildningen.",
        "Het verschil had ook zonder de training kunnen ontstaan.",
    ),
    "estimators_disagree": _row(
        "No single number can be trusted.",
        "Inget enskilt tal går att lita på.",
        "Geen enkel getal is te vertrouwen.",
    ),
    "not_robust_to_trend": _row(
        "The effect is told as a suggestion, not as a finding.",
        "Effekten är en antydan, inte ett resultat.",
        "Het effect is een aanwijzing, geen bevinding.",
    ),
    "single_treated_unit": _row(
        "What happened there may have had many causes.",
        "Det som hände där kan ha haft många orsaker.",
        "Wat daar gebeurde kan veel oorzaken hebben gehad.",
    ),
    "few_clusters": _row(
        "One unusual team could decide the answer.",
        "Ett enda ovanligt team kan avgöra svaret.",
        "Eén ongewoon team kan het antwoord bepalen.",
    ),
    "poor_overlap": _row(
        "The comparison rests on a handful of people.",
        "Jämförelsen vilar på en handfull människor.",
        "De vergelijking rust op een handvol mensen.",
    ),
    "selected_comparison": _row(
        "The keen may have done better anyway.",
        "De ivriga hade kanske lyckats bättre ändå.",
        "De enthousiasten hadden het misschien toch al beter gedaan.",
    ),
    "unbalanced_draw": _row(
        "Check how the draw was made.",
        "Kontrollera hur lottningen gjordes.",
        "Controleer hoe de loting is gedaan.",
    ),
    "missing_periods": _row(
        "The gaps may hide a part of the story.",
        "Luckorna kan dölja en del av förloppet.",
        "De gaten kunnen een deel van het verloop verbergen.",
    ),
    "missing_outcomes": _row(
        "Those without a figure may be unlike the others.",
        "De som saknar siffra kan skilja sig från de andra.",
        "Wie geen cijfer heeft kan anders zijn dan de rest.",
    ),
    "concurrent_change": _row(
        "The two cannot be told apart.",
        "De två går inte att skilja åt.",
        "De twee zijn niet uit elkaar te houden.",
    ),
    "plan_changed_after_start": _row(
        "A goal set afterwards is easier to hit.",
        "Ett mål som sätts i efterhand är lättare att träffa.",
        "Een doel dat achteraf wordt gesteld is makkelijker te raken.",
    ),
    "immortal_time_handled": _row(
        "This takes nothing from the grade.",
        "Det drar inte ned graden.",
        "Dit verlaagt de graad niet.",
    ),
    "trained_before_window": _row(
        "This takes nothing from the grade.",
        "Det drar inte ned graden.",
        "Dit verlaagt de graad niet.",
    ),
    "incomplete_left_out": _row(
        "This takes nothing from the grade.",
        "Det drar inte ned graden.",
        "Dit verlaagt de graad niet.",
    ),
}

GRADES: Texts = {
    "A": _row(
        "Who was trained, or when, was drawn by lot, and every check passed. "
        "This is as sure as it gets.",
        "Vem som utbildades, eller när, lottades, och alla kontroller höll. Säkrare blir det inte.",
        "Wie werd opgeleid, of wanneer, is door loting bepaald en elke controle is doorstaan. "
        "Zekerder wordt het niet.",
    ),
    "B": _row(
        "The trained are compared with others at the same time, and every check passed.",
        "De utbildade jämförs med andra under samma tid, och alla kontroller höll.",
        "De opgeleiden zijn vergeleken met anderen in dezelfde tijd en elke controle is doorstaan.",
    ),
    "C": _row(
        "There is a comparison, but a check did not pass. Take it as a hint.",
        "Det finns en jämförelse, men en kontroll höll inte. Se det som en antydan.",
        "Er is een vergelijking, maar een controle is niet doorstaan. Zie het als een aanwijzing.",
    ),
    "D": _row(
        "Only before and after, or too few people. This says nothing about the training.",
        "Bara före och efter, eller för få människor. Det säger inget om utbildningen.",
        "Alleen voor en na, of te weinig mensen. Dit zegt niets over de training.",
    ),
}

STEPS: Texts = {
    "draw_by_lot": _row(
        "Let a draw by lot decide who starts first.",
        "Låt lotten avgöra vilka som börjar först.",
        "Laat het lot bepalen wie het eerst begint.",
    ),
    "draw_here": _row(
        "Let the draw be made here, before the start, so that it can be shown.",
        "Låt lottningen göras här, före starten, så att den kan visas upp.",
        "Laat de loting hier plaatsvinden, vóór de start, zodat die kan worden getoond.",
    ),
    "leave_some_for_later": _row(
        "Start some teams a few months later than the others.",
        "Låt några team börja ett par månader senare än de andra.",
        "Laat enkele teams een paar maanden later beginnen dan de andere.",
    ),
    "more_teams": _row(
        "Include more teams: at least six on each side.",
        "Ta med fler team: minst sex på varje sida.",
        "Neem meer teams mee: minstens zes aan elke kant.",
    ),
    "more_people": _row(
        "Wait until at least ten people are trained and ten are not.",
        "Vänta tills minst tio har utbildats och tio inte har det.",
        "Wacht tot minstens tien mensen zijn opgeleid en tien niet.",
    ),
    "longer_history": _row(
        "Bring in more months from before the training.",
        "Läs in fler månader från tiden före utbildningen.",
        "Lees meer maanden van vóór de training in.",
    ),
    "wait_until_trained": _row(
        "Come back when the first have been trained.",
        "Kom tillbaka när de första har utbildats.",
        "Kom terug als de eersten zijn opgeleid.",
    ),
    "wait_for_the_window": _row(
        "Come back when the planned time is over.",
        "Kom tillbaka när den planerade tiden är slut.",
        "Kom terug als de geplande tijd voorbij is.",
    ),
    "wait_for_events": _row(
        "Wait until it has happened on both sides.",
        "Vänta tills det har hänt på båda sidorna.",
        "Wacht tot het aan beide kanten is gebeurd.",
    ),
    "check_the_outcome": _row(
        "Check the outcome's figures.",
        "Kontrollera utfallets siffror.",
        "Controleer de cijfers van de uitkomst.",
    ),
    "bring_in_the_zeros": _row(
        "Export the months with none as 0, or bring in each event with its day (occurred_at).",
        "Ta med månaderna utan någon som 0 i exporten, eller läs in varje händelse med sin dag "
        "(occurred_at).",
        "Neem de maanden zonder één als 0 op in de export, of lees elk voorval in met zijn dag "
        "(occurred_at).",
    ),
    "fill_the_gaps": _row(
        "Bring in the figures that are missing.",
        "Läs in de siffror som saknas.",
        "Lees de ontbrekende cijfers in.",
    ),
    "lock_the_plan": _row(
        "Decide outcome and window before the start, and lock the plan.",
        "Bestäm utfall och tid före starten, och lås planen.",
        "Leg uitkomst en termijn vóór de start vast en vergrendel het plan.",
    ),
}
