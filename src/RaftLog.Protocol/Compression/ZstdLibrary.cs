using System.Runtime.InteropServices;

namespace RaftLog.Protocol.Compression;

/// <summary>The system's libzstd, loaded on first use. Only functions of its stable API.</summary>
internal sealed unsafe class ZstdLibrary
{
    private static readonly string[] Names = ["libzstd.so.1", "libzstd.1.dylib", "libzstd.dll"];
    private static readonly Lazy<ZstdLibrary?> Loaded = new(() => TryLoad(Names));

    public readonly delegate* unmanaged<nint> CreateCompressor;
    public readonly delegate* unmanaged<nint> CreateDecompressor;
    public readonly delegate* unmanaged<nint, nuint> FreeCompressor;
    public readonly delegate* unmanaged<nint, nuint> FreeDecompressor;
    public readonly delegate* unmanaged<nuint, nuint> CompressBound;
    public readonly delegate* unmanaged<nint, byte*, nuint, byte*, nuint, int, nuint> Compress;
    public readonly delegate* unmanaged<nint, byte*, nuint, byte*, nuint, nuint> Decompress;
    public readonly delegate* unmanaged<nint, ZstdSpace*, ZstdSpace*, int, nuint> CompressPiece;
    public readonly delegate* unmanaged<nint, ZstdSpace*, ZstdSpace*, nuint> DecompressPiece;
    public readonly delegate* unmanaged<nint, int, int, nuint> SetCompressorParameter;
    public readonly delegate* unmanaged<nint, int, int, nuint> SetDecompressorParameter;
    public readonly delegate* unmanaged<byte*, nuint, ulong> FrameContentSize;
    public readonly delegate* unmanaged<nuint, uint> IsError;
    public readonly delegate* unmanaged<nuint, int> ErrorCode;
    public readonly delegate* unmanaged<nuint, byte*> ErrorName;

    private ZstdLibrary(nint library)
    {
        CreateCompressor = (delegate* unmanaged<nint>)NativeLibrary.GetExport(library, "ZSTD_createCCtx");
        CreateDecompressor = (delegate* unmanaged<nint>)NativeLibrary.GetExport(library, "ZSTD_createDCtx");
        FreeCompressor = (delegate* unmanaged<nint, nuint>)NativeLibrary.GetExport(library, "ZSTD_freeCCtx");
        FreeDecompressor = (delegate* unmanaged<nint, nuint>)NativeLibrary.GetExport(library, "ZSTD_freeDCtx");
        CompressBound = (delegate* unmanaged<nuint, nuint>)NativeLibrary.GetExport(library, "ZSTD_compressBound");
        Compress = (delegate* unmanaged<nint, byte*, nuint, byte*, nuint, int, nuint>)NativeLibrary.GetExport(library, "ZSTD_compressCCtx");
        Decompress = (delegate* unmanaged<nint, byte*, nuint, byte*, nuint, nuint>)NativeLibrary.GetExport(library, "ZSTD_decompressDCtx");
        CompressPiece = (delegate* unmanaged<nint, ZstdSpace*, ZstdSpace*, int, nuint>)NativeLibrary.GetExport(library, "ZSTD_compressStream2");
        DecompressPiece = (delegate* unmanaged<nint, ZstdSpace*, ZstdSpace*, nuint>)NativeLibrary.GetExport(library, "ZSTD_decompressStream");
        SetCompressorParameter = (delegate* unmanaged<nint, int, int, nuint>)NativeLibrary.GetExport(library, "ZSTD_CCtx_setParameter");
        SetDecompressorParameter = (delegate* unmanaged<nint, int, int, nuint>)NativeLibrary.GetExport(library, "ZSTD_DCtx_setParameter");
        FrameContentSize = (delegate* unmanaged<byte*, nuint, ulong>)NativeLibrary.GetExport(library, "ZSTD_getFrameContentSize");
        IsError = (delegate* unmanaged<nuint, uint>)NativeLibrary.GetExport(library, "ZSTD_isError");
        ErrorCode = (delegate* unmanaged<nuint, int>)NativeLibrary.GetExport(library, "ZSTD_getErrorCode");
        ErrorName = (delegate* unmanaged<nuint, byte*>)NativeLibrary.GetExport(library, "ZSTD_getErrorName");
    }

    /// <summary>The library.</summary>
    /// <exception cref="UnsupportedCompressionException">It is not installed; the message says what to install.</exception>
    public static ZstdLibrary Instance => Loaded.Value ?? throw Absent(Names[0]);

    /// <summary>Loads the first library of these names; null when none is there.</summary>
    public static ZstdLibrary? TryLoad(ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                return new ZstdLibrary(library);
            }
        }

        return null;
    }

    /// <summary>The error of a machine without the library.</summary>
    public static UnsupportedCompressionException Absent(string name) =>
        new($"zstd compression needs the system library {name}, which is not installed: install the package libzstd1 (Debian, Ubuntu) " +
            "or libzstd (Fedora, Alpine). The other compression types work without it.");

    /// <summary>The library's words for an error result.</summary>
    public string Describe(nuint result) => Marshal.PtrToStringUTF8((nint)ErrorName(result)) ?? "unknown error";
}

/// <summary>The library's <c>ZSTD_inBuffer</c> and <c>ZSTD_outBuffer</c>, which have the same form.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ZstdSpace
{
    public byte* Start;
    public nuint Size;
    public nuint Position;
}
