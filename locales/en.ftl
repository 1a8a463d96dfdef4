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

### groups

breadcrumb = Breadcrumb
page-first = Back to the start
page-next = Next
page-newest = Newest
page-older = Older
groups-title = Groups
groups-lead = In a group you share messages, questions and pictures with the people who belong to it.
groups-start = Start a group
groups-mine = On your shelf
groups-mine-none = Your shelf is still empty
groups-mine-none-what = Choose a group below that suits you, and join in.
groups-all = All groups
groups-found = Groups with “{ $what }”
groups-search = Find a group
groups-none = There are no groups yet
groups-none-what = You start the first group in a minute.
groups-none-found = No group found
groups-none-found-what = Try another word. Or start a group yourself.
groups-more = More groups
group-kind-public = Open to everyone
group-kind-public-reads = Everyone can read along, also without an account.
group-kind-network = We and our partners
group-kind-network-reads = Members here and at our partners read along.
group-kind-organisation = Our organisation only
group-kind-organisation-reads = Only members here read along.
group-kind-private = Private
group-kind-private-reads = Only members of the group read along.
group-kind-hidden-reads = Only members of the group read along. Others do not see that the group exists.
group-joins-public = Everyone can join at once.
group-joins-network = Members here and at our partners can join at once.
group-joins-organisation = Members here can join at once.
group-joins-request = Who wants to join asks a moderator.
group-joins-private = You join by invitation, or you ask a moderator.
group-joins-invited = You join by invitation only.
group-posting-approved = Only people whom a moderator allows write new posts. Everyone who takes part can answer.
group-posting-moderators = Only moderators write new posts. Everyone who takes part can answer.
group-lives-at = From { $what }
group-members = { $n ->
    [one] { $n } member
   *[other] { $n } members
}
group-new = { $n } new
group-member-already = You take part
group-join = Join
group-ask = Ask to join
group-accept-invitation = Accept the invitation
group-requested = Your request to join was sent
group-invited = You are invited
group-withdraw = Rather not
group-archived = This group is closed: you can read, but no longer write.
group-write = Write a post
group-prompt = Write something in { $what }
group-posts = Posts
group-people = People
group-files = Files
group-moderation = Moderation
group-closed = Only members read along here
group-card = What holds now
group-empty = No posts yet
group-empty-write = Write the first post, or ask the group a question.
group-empty-join = Join, and write the first post.
group-empty-what = Come back later.
group-more-posts = More posts
group-margin = About this group
group-about = This group
group-follow-elsewhere = Do you have an account on Mastodon or another Kring? Look for this address there and follow the group:
group-rules = Agreements
group-keepers = Who keeps the group
group-and-you = You and this group
group-notify = Choose notices
group-notify-legend = What do you want to hear of at once?
group-notify-all = Every new post
group-notify-mentions = When someone mentions or answers me
group-notify-none = Nothing
group-mute = Do not show under New
group-mute-hint = You stay a member. You then read posts only on the group's page.
group-leave = Leave the group
group-log-link = What moderators did
group-files-none = No files yet
group-files-none-what = Pictures and files from posts are gathered here.
group-documents = Documents
group-pictures = Pictures
group-file-post = To the post
group-more-files = More files
picture-without-description = Picture without description
role-group-owner = Owner of the group
role-group-moderator = Moderator
role-group-member = Member

### about, help

about-title = About us
about-join = Taking part
about-join-open = Everyone can make an account here.
about-join-request = Would you like to take part? Ask for an account. We look at it as soon as we can.
about-join-invite = You take part here by invitation. Do you know someone who takes part already? Ask them for an invitation.
about-register = Make an account
about-groups = Groups that everyone can read
about-groups-what = You can look around here without an account.
about-groups-none = There are no groups yet that everyone can read.
about-posts = Latest public posts
about-rules = Our agreements
about-contact = Questions?
about-kring = About Kring
about-kring-what = This place runs on Kring: free software for organisations that work together. Your data stay with the organisation itself. There are no advertisements and nobody tracks you.
help-title = Help
help-lead = Short explanations of what you can do here.
help-contents = On this page
help-start = Getting started
help-start-1 = Under New you read what was written since your last visit, in the order in which it was posted. When you reach the end, you have seen it all.
help-start-2 = Tell in your profile who you are and what you know about. Then others find you when they have a question.
help-groups = Groups
help-groups-1 = Everything you write is in a group. Under Groups you see yours together, and which others there are.
help-groups-2 = You start a group yourself in a minute: a name, who may read along, and a sentence on what the group is for.
help-kinds = Who reads what I write?
help-kinds-1 = That depends on the group. On top of each group, and while you write, it says who reads along. There are four kinds:
help-kinds-2 = When a moderator makes a group more open later, old posts can still be read only by those who could read them before.
help-posts = Posts, questions and pictures
help-posts-1 = Choose Write, choose a group and type your message. You can also ask a question, share a lesson, hold a poll or write a story.
help-posts-2 = Say in a few words what is in a picture. Then someone who cannot see it takes part as well.
help-posts-3 = Made a mistake? Change your post or take it away with the button with three dots. Others can see what changed.
help-notices = Notices
help-notices-1 = The bell shows whether someone mentioned you, answered you or wants to know something from you.
help-notices-2 = For each group you choose whether you get a notice of every post, or only when it concerns you.
help-others = People and groups of other organisations
help-others-1 = Kring works together with other servers. Such an address looks like @name@example.org. Paste it into the search box to find the person or group.
help-others-2 = Posts in groups that are only for our organisation never leave this server.
help-order = When something is not right
help-order-1 = Do you see something that is not all right? Choose the three dots at the post and then Report. A moderator looks at it. Whoever you report does not see that it was you.
help-order-2 = Would you rather not see someone? On that person's page you can mute or block them.
help-sign-in = Signing in
help-sign-in-1 = You need no password: fill in your mail address, and we send a link and a short code. A password is fine too.
help-sign-in-2 = Do others use this computer as well? Tick that box. Then you are signed out when you close the browser.
help-reading = Reading, looking, language
help-reading-1 = Under Settings you choose larger letters, dark colours or more contrast. At the bottom of each page you choose the language.
help-reading-2 = Everything works with the keyboard alone, and also without JavaScript.
