// Prints Java's en_US zone names, tab-separated, for tools/gen/zone_name.py:
//   Z id standard-short daylight-short standard-long daylight-long generic-short generic-long
//   S|L name region      the region that DateTimeFormatter "z" or "zzzz" takes a name for
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.TemporalQueries;
import java.util.Locale;
import java.util.TimeZone;
import java.util.TreeSet;

public class ZoneNames {
    public static void main(String[] args) {
        DateTimeFormatter shortGeneric = DateTimeFormatter.ofPattern("v", Locale.US);
        DateTimeFormatter longGeneric = DateTimeFormatter.ofPattern("vvvv", Locale.US);
        TreeSet<String> shorts = new TreeSet<>(), longs = new TreeSet<>();
        for (String id : new TreeSet<>(ZoneId.getAvailableZoneIds())) {
            TimeZone zone = TimeZone.getTimeZone(id);
            ZonedDateTime time = LocalDate.of(2020, 1, 1).atStartOfDay(ZoneId.of(id));
            String[] names = {
                zone.getDisplayName(false, TimeZone.SHORT, Locale.US),
                zone.getDisplayName(true, TimeZone.SHORT, Locale.US),
                zone.getDisplayName(false, TimeZone.LONG, Locale.US),
                zone.getDisplayName(true, TimeZone.LONG, Locale.US),
                shortGeneric.format(time), longGeneric.format(time)};
            System.out.println("Z\t" + id + "\t" + String.join("\t", names));
            for (int i = 0; i < names.length; i++) {
                (i == 2 || i == 3 || i == 5 ? longs : shorts).add(names[i]);
            }
        }
        print("S", "z", shorts);
        print("L", "zzzz", longs);
    }

    private static void print(String kind, String pattern, TreeSet<String> names) {
        DateTimeFormatter formatter = new DateTimeFormatterBuilder().parseCaseInsensitive()
            .appendPattern(pattern).toFormatter(Locale.US);
        for (String name : names) {
            try {
                String id = formatter.parse(name).query(TemporalQueries.zone()).getId();
                System.out.println(kind + "\t" + name + "\t" + id);
            } catch (java.time.DateTimeException e) {
                // a name that Java prints but does not read
            }
        }
    }
}
