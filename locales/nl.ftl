# Kring in het Nederlands. De sleutels zijn dezelfde als in en.ftl; een test let daarop.
# Zinnen zeggen "je", en noemen wat iemand kan doen.

### Dates, numbers and units (src/i18n)

number-group = .
number-decimal = ,
date-month-1 = januari
date-month-2 = februari
date-month-3 = maart
date-month-4 = april
date-month-5 = mei
date-month-6 = juni
date-month-7 = juli
date-month-8 = augustus
date-month-9 = september
date-month-10 = oktober
date-month-11 = november
date-month-12 = december
date-weekday-1 = ma
date-weekday-2 = di
date-weekday-3 = wo
date-weekday-4 = do
date-weekday-5 = vr
date-weekday-6 = za
date-weekday-7 = zo
date-day-month = { $day } { $month }
date-day-month-year = { $day } { $month } { $year }
date-with-time = { $date } { $time }
date-today = vandaag { $time }
date-yesterday = gisteren { $time }
date-tomorrow = morgen { $time }
date-weekday-time = { $weekday } { $time }
size-bytes = { $n ->
    [one] { $n } byte
   *[other] { $n } bytes
}
size-kb = { $n } kB
size-mb = { $n } MB
size-gb = { $n } GB

### Mail (src/mail)

error-email-invalid = Dit is geen e-mailadres. Een adres ziet eruit als naam@voorbeeld.nl.

### Files (src/media)

error-file-empty = Dit bestand is leeg.
error-file-kind = Dit soort bestand kun je hier niet delen. Wel: afbeeldingen (JPEG, PNG, GIF, WebP), PDF, documenten van LibreOffice en Office (odt, ods, odp, docx, xlsx, pptx), tekst (txt, csv), geluid (mp3, m4a, ogg, wav) en video (mp4, webm).
error-file-heic = Deze foto is in een vorm (HEIC of AVIF) die niet elke browser kan tonen. Bewaar hem als JPEG en kies hem opnieuw.
error-file-macros = In dit document zitten macro's. Bewaar het zonder macro's en kies het opnieuw.
error-file-broken = Deze afbeelding is niet te lezen. Misschien is het bestand beschadigd.
error-file-pixels = Deze afbeelding heeft te veel beeldpunten. Verklein haar tot onder de 40 megapixel en kies haar opnieuw.

### groups

breadcrumb = Kruimelpad
page-first = Naar het begin
page-next = Volgende
page-newest = Nieuwste
page-older = Ouder
groups-title = Groepen
groups-lead = In een groep deel je berichten, vragen en foto's met de mensen die erbij horen.
groups-start = Start een groep
groups-mine = Op jouw plank
groups-mine-none = Je plank is nog leeg
groups-mine-none-what = Kies hieronder een groep die bij je past, en doe mee.
groups-all = Alle groepen
groups-found = Groepen met “{ $what }”
groups-search = Zoek een groep
groups-none = Er zijn nog geen groepen
groups-none-what = De eerste groep start je in een minuut.
groups-none-found = Geen groep gevonden
groups-none-found-what = Probeer een ander woord. Of start zelf een groep.
groups-more = Meer groepen
group-kind-public = Open voor iedereen
group-kind-public-reads = Iedereen kan meelezen, ook zonder account.
group-kind-network = Wij en onze partners
group-kind-network-reads = Leden van hier en van onze partners lezen mee.
group-kind-organisation = Alleen onze organisatie
group-kind-organisation-reads = Alleen leden van hier lezen mee.
group-kind-private = Besloten
group-kind-private-reads = Alleen leden van de groep lezen mee.
group-kind-hidden-reads = Alleen leden van de groep lezen mee. Anderen zien niet dat de groep bestaat.
group-joins-public = Iedereen kan meteen meedoen.
group-joins-network = Leden van hier en van onze partners kunnen meteen meedoen.
group-joins-organisation = Leden van hier kunnen meteen meedoen.
group-joins-request = Wie mee wil doen, vraagt dat aan een beheerder.
group-joins-private = Je doet mee op uitnodiging, of je vraagt het aan een beheerder.
group-joins-invited = Je doet alleen mee op uitnodiging.
group-posting-approved = Alleen mensen die een beheerder dat toestaat, plaatsen nieuwe berichten. Reageren kan iedereen die meedoet.
group-posting-moderators = Alleen beheerders plaatsen nieuwe berichten. Reageren kan iedereen die meedoet.
group-lives-at = Van { $what }
group-members = { $n ->
    [one] { $n } lid
   *[other] { $n } leden
}
group-new = { $n } nieuw
group-member-already = Je doet mee
group-join = Doe mee
group-ask = Vraag of je mee mag doen
group-accept-invitation = Neem de uitnodiging aan
group-requested = Je vraag om mee te doen is verstuurd
group-invited = Je bent uitgenodigd
group-withdraw = Toch niet
group-archived = Deze groep is gesloten: je leest terug, maar schrijft niet meer.
group-write = Schrijf een bericht
group-prompt = Schrijf iets in { $what }
group-posts = Berichten
group-people = Mensen
group-files = Bestanden
group-moderation = Beheer
group-closed = Alleen leden lezen hier mee
group-card = Wat nu geldt
group-empty = Nog geen berichten
group-empty-write = Schrijf het eerste bericht, of stel een vraag aan de groep.
group-empty-join = Doe mee, en schrijf het eerste bericht.
group-empty-what = Kom later nog eens kijken.
group-more-posts = Meer berichten
group-margin = Over deze groep
group-about = Deze groep
group-follow-elsewhere = Heb je een account op Mastodon of een andere Kring? Zoek daar dit adres en volg de groep:
group-rules = Afspraken
group-keepers = Beheer van de groep
group-and-you = Jij en deze groep
group-notify = Meldingen kiezen
group-notify-legend = Waarvan wil je meteen een melding?
group-notify-all = Van elk nieuw bericht
group-notify-mentions = Als iemand mij noemt of antwoord geeft
group-notify-none = Van niets
group-mute = Niet tonen bij Nieuw
group-mute-hint = Je blijft lid. Berichten lees je dan alleen op de pagina van de groep.
group-leave = Verlaat de groep
group-log-link = Wat beheerders deden
group-files-none = Nog geen bestanden
group-files-none-what = Foto's en bestanden uit berichten staan hier bij elkaar.
group-documents = Documenten
group-pictures = Foto's
group-file-post = Naar het bericht
group-more-files = Meer bestanden
picture-without-description = Foto zonder beschrijving
role-group-owner = Eigenaar van de groep
role-group-moderator = Beheerder
role-group-member = Lid

### about, help

about-title = Over ons
about-join = Meedoen
about-join-open = Iedereen kan hier een account maken.
about-join-request = Wil je meedoen? Vraag een account aan. We kijken er zo snel mogelijk naar.
about-join-invite = Je doet hier mee op uitnodiging. Ken je iemand die al meedoet? Vraag om een uitnodiging.
about-register = Maak een account
about-groups = Groepen waar iedereen meeleest
about-groups-what = Hier kijk je mee zonder account.
about-groups-none = Er zijn nog geen groepen waar iedereen meeleest.
about-posts = Laatste openbare berichten
about-rules = Onze afspraken
about-contact = Vragen?
about-kring = Over Kring
about-kring-what = Deze plek draait op Kring: vrije software voor organisaties die samenwerken. Je gegevens staan bij de organisatie zelf. Er is geen reclame en niemand volgt je.
help-title = Hulp
help-lead = Korte uitleg over wat je hier kunt doen.
help-contents = Op deze pagina
help-start = Beginnen
help-start-1 = Bij Nieuw lees je wat er sinds je laatste bezoek is geschreven, in de volgorde waarin het geplaatst is. Ben je onderaan, dan ben je bij.
help-start-2 = Vul bij je profiel in wie je bent en waar je iets van weet. Dan vinden anderen je als ze een vraag hebben.
help-groups = Groepen
help-groups-1 = Alles wat je schrijft, staat in een groep. Bij Groepen zie je jouw groepen bij elkaar, en welke er nog meer zijn.
help-groups-2 = Je start zelf een groep in een minuut: een naam, wie er mee mag lezen, en een zin over waar de groep voor is.
help-kinds = Wie leest wat ik schrijf?
help-kinds-1 = Dat hangt af van de groep. Boven elke groep, en bij het schrijven, staat wie er meeleest. Er zijn vier soorten:
help-kinds-2 = Maakt een beheerder een groep later opener? Dan blijven de oude berichten alleen te lezen voor wie ze al kon lezen.
help-posts = Berichten, vragen en foto's
help-posts-1 = Kies Schrijf, kies een groep en typ je bericht. Je kunt ook een vraag stellen, een les delen, een peiling houden of een verhaal schrijven.
help-posts-2 = Zet bij een foto in een paar woorden wat erop staat. Zo doet ook iemand mee die de foto niet kan zien.
help-posts-3 = Een fout gemaakt? Je past je bericht aan of haalt het weg met het knopje met drie puntjes. Anderen kunnen zien wat er veranderd is.
help-notices = Meldingen
help-notices-1 = De bel laat zien of iemand je noemde, antwoord gaf of iets van je wil weten.
help-notices-2 = Per groep kies je of je van elk bericht een melding krijgt, of alleen als het over jou gaat.
help-others = Mensen en groepen van andere organisaties
help-others-1 = Kring werkt samen met andere servers. Zo'n adres ziet eruit als @naam@voorbeeld.nl. Plak het in het zoekvak om de persoon of groep te vinden.
help-others-2 = Berichten in groepen die alleen voor onze organisatie zijn, verlaten deze server nooit.
help-order = Als er iets niet klopt
help-order-1 = Zie je iets wat niet kan? Kies bij het bericht de drie puntjes en dan Meld. Een beheerder kijkt ernaar. Wie je meldt, ziet niet dat jij het was.
help-order-2 = Wil je iemand niet meer zien? Op de pagina van die persoon kun je stilzetten of blokkeren.
help-sign-in = Inloggen
help-sign-in-1 = Je hebt geen wachtwoord nodig: vul je mailadres in, dan sturen we een link en een korte code. Een wachtwoord mag ook.
help-sign-in-2 = Zit je achter een computer die ook anderen gebruiken? Kruis dat aan. Dan log je vanzelf uit als je de browser sluit.
help-reading = Lezen, kijken, taal
help-reading-1 = Bij Instellingen kies je grotere letters, donkere kleuren of meer contrast. Onder aan elke pagina kies je de taal.
help-reading-2 = Alles werkt met alleen het toetsenbord, en ook zonder JavaScript.
