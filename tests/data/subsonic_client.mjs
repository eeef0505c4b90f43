// A session of the subsonic-api package. Arguments: the address, a name, a password.
import { SubsonicAPI } from "subsonic-api";

const [url, username, password] = process.argv.slice(2);
const api = new SubsonicAPI({ url, auth: { username, password } });
await api.ping();
const { artists } = await api.getArtists();
const { searchResult3 } = await api.search3({ query: "October Bread" });
const [song] = searchResult3.song;
const { similarSongs2 } = await api.getSimilarSongs2({ id: song.id, count: 5 });
const sound = await (await api.stream({ id: song.id })).arrayBuffer();
const name = "made in a browser";
await api.createPlaylist({ name, songId: similarSongs2.song.map((one) => one.id) });
const { playlists } = await api.getPlaylists();
const made = playlists.playlist.find((one) => one.name === name);
await api.deletePlaylist({ id: made.id });
console.log(
  JSON.stringify({
    artists: artists.index.flatMap((letter) => letter.artist).length,
    similar: similarSongs2.song.length,
    bytes: sound.byteLength,
    playlist: [made.name, made.songCount],
  }),
);
