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
