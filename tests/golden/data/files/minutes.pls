[playlist]
# beet deejai similar --minutes 20 --stay 0.4 --artist-separation mild Kettle
# deejai VERSION, model musicnn-msd-1
# made DATE
X-GNOME-Title=Similar to Hazel & Thorn - Kettle
File1=MUSIC/Hazel & Thorn/Kitchen Songs/01 Kettle.flac
Title1=Hazel & Thorn - Kettle
Length1=354
File2=MUSIC/Invented/Invented 4/Song 2.mp3
Title2=Invented 4 - Song 2
Length2=45
File3=MUSIC/Invented/Invented 5/Song 3.mp3
Title3=Invented 5 - Song 3
Length3=410
File4=MUSIC/Hazel & Thorn/Kitchen Songs/02 Low Fence.flac
Title4=Hazel & Thorn - Low Fence
Length4=258
NumberOfEntries=4
Version=2
