# Kring in English. The keys are those of nl.ftl; a test sees to that.

### Dates, numbers and units (src/i18n)

number-group = ,
number-decimal = .
date-month-1 = January
date-month-2 = February
date-month-3 = March
date-month-4 = April
date-month-5 = May
date-month-6 = June
date-month-7 = July
date-month-8 = August
date-month-9 = September
date-month-10 = October
date-month-11 = November
date-month-12 = December
date-weekday-1 = Mon
date-weekday-2 = Tue
date-weekday-3 = Wed
date-weekday-4 = Thu
date-weekday-5 = Fri
date-weekday-6 = Sat
date-weekday-7 = Sun
date-day-month = { $day } { $month }
date-day-month-year = { $day } { $month } { $year }
date-with-time = { $date } { $time }
date-today = today { $time }
date-yesterday = yesterday { $time }
date-tomorrow = tomorrow { $time }
date-weekday-time = { $weekday } { $time }
size-bytes = { $n ->
    [one] { $n } byte
   *[other] { $n } bytes
}
size-kb = { $n } kB
size-mb = { $n } MB
size-gb = { $n } GB

### Mail (src/mail)

error-email-invalid = This is not an e-mail address. An address looks like name@example.org.

### Files (src/media)

error-file-empty = This file is empty.
error-file-kind = You cannot share this kind of file here. You can share: pictures (JPEG, PNG, GIF, WebP), PDF, documents of LibreOffice and Office (odt, ods, odp, docx, xlsx, pptx), text (txt, csv), sound (mp3, m4a, ogg, wav) and video (mp4, webm).
error-file-heic = This photo has a form (HEIC or AVIF) that not every browser can show. Save it as JPEG and choose it again.
error-file-macros = This document has macros in it. Save it without macros and choose it again.
error-file-broken = This picture cannot be read. Perhaps the file is damaged.
error-file-pixels = This picture has too many pixels. Make it smaller than 40 megapixels and choose it again.

## Apps that act for a member
error-client-name = Give the app a name of at most 200 characters.
error-client-redirect = The address to return to is missing, or of a kind that is not allowed.
error-client-scopes = One of the scopes is not known here.
error-two-groups = A post goes into one group. Mention only one.
error-group-is-public = This group is public. A post for followers only does not fit in it.
error-visibility = Visibility is one of: public, unlisted, private, direct.
oauth-title = Let an app in
oauth-ask = Let “{ $app }” act for you?
oauth-intro = { $app } wants to work with your account at { $instance }. It will be able to:
oauth-may-read = read everything that you can read
oauth-may-write = write, react and change things for you
oauth-may-follow = join and leave groups, and follow or block people for you
oauth-may-push = tell you about news on your device
oauth-may-profile = see your name and picture
oauth-as = You are signed in as { $name }.
oauth-allow = Let it in
oauth-deny = No, go back
oauth-later = You can end this at any time in your settings.
oauth-code = Your code
oauth-code-what = Copy this code and paste it into the app.
oauth-unknown-app = This app is not known here. Go back to the app and begin again.
oauth-wrong-address = The app wants to be called back at an address that it did not register. For your safety we stop here.
oauth-bad-request = The app asked in a way that we do not understand. Go back to the app and begin again.
error-file-in-use = This file belongs to a post already.
