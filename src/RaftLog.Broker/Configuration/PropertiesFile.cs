using System.Globalization;
using System.Text;

namespace RaftLog.Broker.Configuration;

/// <summary>
/// Reads Java's properties format: <c>key=value</c>, <c>key: value</c> or <c>key value</c>, comments with # or !, a backslash at the end of
/// a line goes on with the next, and escapes. The last of several values of a key wins.
/// </summary>
internal static class PropertiesFile
{
    private const int UnicodeDigits = 4;

    /// <summary>Reads a file; every text is a valid one, as in Java.</summary>
    public static ConfigSettings Read(string file, string text)
    {
        ConfigSettings settings = new(file);
        int number = 0;
        using StringReader lines = new(text);
        while (lines.ReadLine() is { } line)
        {
            number++;
            int first = number;
            string logical = line.TrimStart(' ', '\t', '\f');
            if (logical.Length == 0 || logical[0] is '#' or '!')
            {
                continue;
            }

            while (GoesOn(logical) && lines.ReadLine() is { } next)
            {
                number++;
                logical = logical[..^1] + next.TrimStart(' ', '\t', '\f');
            }

            logical = GoesOn(logical) ? logical[..^1] : logical;
            (string key, string value) = Split(logical);
            settings.Set(key, value, $"{file}:{first}");
        }

        return settings;
    }

    private static bool GoesOn(string line)
    {
        int backslashes = 0;
        while (backslashes < line.Length && line[^(backslashes + 1)] == '\\')
        {
            backslashes++;
        }

        return backslashes % 2 == 1;
    }

    private static (string Key, string Value) Split(string line)
    {
        int end = 0;
        while (end < line.Length && line[end] is not ('=' or ':' or ' ' or '\t' or '\f'))
        {
            end += line[end] == '\\' ? 2 : 1;
        }

        end = Math.Min(end, line.Length);
        ReadOnlySpan<char> rest = line.AsSpan(end).TrimStart(" \t\f");
        if (!rest.IsEmpty && rest[0] is ('=' or ':'))
        {
            rest = rest[1..].TrimStart(" \t\f");
        }

        return (Unescape(line.AsSpan(0, end)), Unescape(rest));
    }

    private static string Unescape(ReadOnlySpan<char> text)
    {
        if (!text.Contains('\\'))
        {
            return text.ToString();
        }

        StringBuilder plain = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                plain.Append(text[i]);
                continue;
            }

            i++;
            if (
                text[i] == 'u'
                && i + UnicodeDigits < text.Length
                && ushort.TryParse(
                    text.Slice(i + 1, UnicodeDigits),
                    NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture,
                    out ushort code
                )
            )
            {
                plain.Append((char)code);
                i += UnicodeDigits;
                continue;
            }

            plain.Append(
                text[i] switch
                {
                    't' => '\t',
                    'n' => '\n',
                    'r' => '\r',
                    'f' => '\f',
                    char other => other,
                }
            );
        }

        return plain.ToString();
    }
}
