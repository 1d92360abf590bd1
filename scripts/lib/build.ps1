# Sourced by the scripts that run charlm: Build-CharLM brings the program up to date and returns its path.
function Build-CharLM {
    $env:DOTNET_NOLOGO = '1'
    $env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'
    $env:DOTNET_CLI_UI_LANGUAGE = 'en'
    $env:DOTNET_SYSTEM_GLOBALIZATION_INVARIANT = '1' # a bare Linux lacks libicu
    # The program finds an installed .NET by itself, but one in a user's folder only through this variable.
    $dotnet = Get-Command dotnet -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
    if ($dotnet -and -not $env:DOTNET_ROOT) {
        $file = Get-Item $dotnet.Source
        $target = if ($file.LinkTarget) { Join-Path $file.DirectoryName $file.LinkTarget } else { $file.FullName }
        if ([IO.Path]::IsPathRooted($file.LinkTarget)) { $target = $file.LinkTarget }
        $dotnetRoot = Split-Path $target
        if (Test-Path (Join-Path $dotnetRoot 'host/fxr')) { $env:DOTNET_ROOT = $dotnetRoot }
    }
    $root = Split-Path (Split-Path $PSScriptRoot)
    $name = if ($env:OS -eq 'Windows_NT') { 'charlm.exe' } else { 'charlm' }
    $program = Join-Path $root "artifacts/bin/CharLM.Cli/release/$name"
    if (Test-Path $program) {
        $built = (Get-Item $program).LastWriteTimeUtc
        $newer = 'src', 'corpora', 'Directory.*', 'global.json' |
            ForEach-Object { Get-ChildItem (Join-Path $root $_) -Recurse -File } |
            Where-Object LastWriteTimeUtc -gt $built | Select-Object -First 1
        if (-not $newer) { return $program }
    }
    if (-not $dotnet) {
        [Console]::Error.WriteLine('charlm needs the .NET SDK, version 10: https://dotnet.microsoft.com/download')
        exit 1
    }
    [Console]::Error.WriteLine('building charlm')
    $log = dotnet build (Join-Path $root 'src/CharLM.Cli') --configuration Release --verbosity quiet 2>&1
    if ($LASTEXITCODE -ne 0) {
        $log | ForEach-Object { "$_" } | Where-Object { $_ -match '(error|hint)' } | Sort-Object -Unique | Select-Object -First 20 |
            ForEach-Object { [Console]::Error.WriteLine($_) }
        [Console]::Error.WriteLine('charlm could not be built')
        exit 1
    }
    # Show the build's own warnings, such as missing charts in reports, to the user.
    $log | ForEach-Object { if ("$_" -match 'warning (CHARLM[0-9]+: [^[]*)') { "note: $($Matches[1])" } } | Sort-Object -Unique |
        ForEach-Object { [Console]::Error.WriteLine($_) }
    (Get-Item $program).LastWriteTimeUtc = [DateTime]::UtcNow
    $program
}
