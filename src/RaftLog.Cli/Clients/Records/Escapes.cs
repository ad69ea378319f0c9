using System.Globalization;
using System.Text;

namespace RaftLog.Cli.Clients.Records;

/// <summary>Bytes that are hard to type in a shell: <c>\t</c>, <c>\n</c>, <c>\r</c>, <c>\0</c>, <c>\\</c> and <c>\xHH</c>.</summary>
internal static class Escapes
{
    /// <summary>The bytes that a text stands for.</summary>
    /// <exception cref="FormatException">An escape is not one of those.</exception>
    public static byte[] Read(string text)
    {
        using MemoryStream bytes = new();
        for (int i = 0; i < text.Length; )
        {
            i += text[i] == '\\' ? Escape(text, i, bytes) : Plain(text, i, bytes);
        }

        return bytes.ToArray();
    }

    private static int Plain(string text, int at, MemoryStream bytes)
    {
        int end = text.IndexOf('\\', at);
        string plain = end < 0 ? text[at..] : text[at..end];
        bytes.Write(Encoding.UTF8.GetBytes(plain));
        return plain.Length;
    }

    private static int Escape(string text, int at, MemoryStream bytes)
    {
        char kind = at + 1 < text.Length ? text[at + 1] : ' ';
        if (
            kind == 'x'
            && at + 4 <= text.Length
            && byte.TryParse(text.AsSpan(at + 2, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value)
        )
        {
            bytes.WriteByte(value);
            return 4;
        }

        bytes.WriteByte(
            kind switch
            {
                't' => (byte)'\t',
                'n' => (byte)'\n',
                'r' => (byte)'\r',
                '0' => 0,
                '\\' => (byte)'\\',
                _ => throw new FormatException(
                    $"'{text[at..Math.Min(text.Length, at + 4)]}' is no escape; there are \\t, \\n, \\r, \\0, \\\\ and \\xHH"
                ),
            }
        );
        return 2;
    }
}
