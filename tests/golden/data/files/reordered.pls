[playlist]
# beet deejai reorder artist:Nave
# deejai VERSION, model musicnn-msd-1
# made DATE
X-GNOME-Title=artist:Nave, reordered
File1=Nave/Long Windows/01 Aisle.flac
Title1=Nave - Aisle
Length1=-1
File2=Nave/Long Windows/02 Dust in Light.flac
Title2=Nave - Dust in Light
Length2=45
File3=Nave/Long Windows/04 Vault.flac
Title3=Nave - Vault
Length3=226
File4=Nave/Long Windows/03 Élan.flac
Title4=Nave - Élan
Length4=202
NumberOfEntries=4
Version=2
