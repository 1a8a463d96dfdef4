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

## Apps die namens een lid iets doen
error-client-name = Geef de app een naam van hooguit 200 tekens.
error-client-redirect = Het adres om naar terug te keren ontbreekt, of is van een soort die niet mag.
error-client-scopes = Een van de rechten kennen we hier niet.
error-two-groups = Een bericht gaat in één groep. Noem er maar één.
error-group-is-public = Deze groep is openbaar. Een bericht voor alleen volgers past daar niet in.
error-visibility = Zichtbaarheid is een van: public, unlisted, private, direct.
oauth-title = Een app toelaten
oauth-ask = Mag ‘{ $app }’ namens jou dingen doen?
oauth-intro = { $app } wil met je account bij { $instance } werken. De app kan dan:
oauth-may-read = alles lezen wat jij kunt lezen
oauth-may-write = namens jou schrijven, reageren en dingen veranderen
oauth-may-follow = namens jou lid worden van groepen of eruit gaan, en mensen volgen of blokkeren
oauth-may-push = je nieuws melden op je toestel
oauth-may-profile = je naam en foto zien
oauth-as = Je bent aangemeld als { $name }.
oauth-allow = Toelaten
oauth-deny = Nee, ga terug
oauth-later = Je kunt dit altijd weer stoppen bij je instellingen.
oauth-code = Je code
oauth-code-what = Kopieer deze code en plak hem in de app.
oauth-unknown-app = Deze app kennen we hier niet. Ga terug naar de app en begin opnieuw.
oauth-wrong-address = De app wil teruggeroepen worden op een adres dat niet is aangemeld. Voor je veiligheid stoppen we hier.
oauth-bad-request = De app vroeg iets op een manier die we niet begrijpen. Ga terug naar de app en begin opnieuw.

error-file-in-use = Dit bestand hoort al bij een bericht.
